/** A migration, imported `with { type: "text" }`: its SQL statements. */
declare module "*.sql" {
  const text: string;
  export default text;
}
