// Files that are imported `with { type: … }` and travel inside the executable.

/** `with { type: "text" }`: the statements themselves. */
declare module "*.sql" {
  const text: string;
  export default text;
}

/** `with { type: "file" }`: a path for `Bun.file`. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
