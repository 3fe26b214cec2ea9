// Databases and roles that an operator may give to a service by mistake, on the server of the test run.
import { SQL } from "bun";
import { postgresDatabase } from "../../shared/testing/postgres.ts";

/** A database of one test, and a role that owns it; dropped at the end of its scope. */
export interface TestDatabase extends AsyncDisposable {
  /** As `DATABASE_URL` has it, for the owner. */
  readonly url: string;
  /** A session of the owner. */
  readonly admin: SQL;
  /** Makes a role without a right. @returns the database's URL for this role */
  makeRole(password: string): Promise<string>;
  /** The names of all tables. */
  tables(): Promise<string[]>;
}

let databases = 0;

/** Creates a database. @param options of CREATE DATABASE. Default: UTF8, and the collation C */
export async function createDatabase(options = "ENCODING UTF8 LOCALE 'C'"): Promise<TestDatabase> {
  await using stack = new AsyncDisposableStack();
  // Tells the server's URL, and a role that may create databases.
  const server = stack.use(await postgresDatabase());
  const root = stack.adopt(new SQL(server.url, { max: 1 }), (sql) => sql.close({ timeout: 0 }));
  databases += 1;
  const name = `platform_startup_${process.pid}_${databases}`;
  await root.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
  stack.defer(() => root.unsafe(`DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const admin = stack.adopt(new SQL(url.href, { max: 1 }), (sql) => sql.close({ timeout: 0 }));
  let roles = 0;
  const owned = stack.move();
  return {
    url: url.href,
    admin,
    async makeRole(password) {
      roles += 1;
      const role = `${name}_role_${roles}`;
      await admin.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
      owned.defer(() => admin.unsafe(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
      const own = new URL(url);
      own.username = role;
      own.password = password;
      return own.href;
    },
    async tables() {
      const rows = await admin<{ name: string }[]>`
        SELECT schemaname || '.' || tablename AS name
        FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        ORDER BY name`;
      return rows.map(({ name }) => name);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
