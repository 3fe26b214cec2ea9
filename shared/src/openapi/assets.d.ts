/** A file of Swagger UI, imported `with { type: "file" }`: a path for `Bun.file`. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
