// Files that are imported `with { type: "file" }`: each import is a path for `Bun.file`.

declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}

declare module "*/page.js" {
  const path: string;
  export default path;
}

declare module "*/page.css" {
  const path: string;
  export default path;
}
