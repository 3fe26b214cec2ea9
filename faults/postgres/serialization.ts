// Statements that the server undoes for the sake of others, at random or always.
import type { PostgresServer } from "../support/postgres-server.ts";

/** The tables of each service that hold what clients stored. */
const tables = {
  user_service: ["users", "idempotency_keys"],
  order_service: ["orders", "idempotency_keys"],
} as const;

/** How many of ten statements that reach a row fail. */
type FailuresOfTen = 0 | 2 | 10;

/**
 * Makes statements of both services fail with 40001 or 40P01, whatever they do with a row: the tables
 * have a policy that raises the error. It decides once for each run of a statement.
 */
export async function failStatements(server: PostgresServer, ofTen: FailuresOfTen): Promise<void> {
  for (const database of ["user_service", "order_service"] as const) {
    await using admin = server.admin(database);
    await admin.unsafe(`
      CREATE OR REPLACE FUNCTION not_undone() RETURNS boolean LANGUAGE plpgsql AS $$
      DECLARE
        chance int := abs(hashtext(statement_timestamp()::text || pg_backend_pid()) % 10);
      BEGIN
        IF chance < ${ofTen} THEN
          RAISE EXCEPTION 'undone'
          USING ERRCODE = CASE WHEN chance % 2 = 0 THEN '40001' ELSE '40P01' END;
        END IF;
        RETURN true;
      END $$`);
    for (const table of tables[database]) {
      await admin.unsafe(`
        DROP POLICY IF EXISTS not_undone ON ${table};
        CREATE POLICY not_undone ON ${table} USING (not_undone()) WITH CHECK (not_undone());
        ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    }
  }
}

/** Makes the first migrations of a database fail with a SQLSTATE. @param times how many of them */
export async function failMigrations(
  server: PostgresServer,
  database: string,
  sqlState: string,
  times: number,
): Promise<void> {
  await using admin = server.admin(database);
  // A sequence keeps its value when the server undoes what took it.
  await admin.unsafe(`
    CREATE SEQUENCE attempts;
    CREATE FUNCTION undo_first() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF nextval('public.attempts') <= ${times} THEN
        RAISE EXCEPTION 'undone' USING ERRCODE = '${sqlState}';
      END IF;
    END $$;
    CREATE EVENT TRIGGER undo_first ON ddl_command_start
    WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION undo_first()`);
}
