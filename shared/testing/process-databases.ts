// The databases of the processes that one test starts: one for each service.
import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { join } from "node:path";
import type { ServiceName } from "./executable.ts";
import type { PostgresDatabase } from "./postgres.ts";

/** A storage engine that a service runs on. */
export type Engine = "SQLite" | "PostgreSQL";

interface ProcessDatabases {
  /** The variables that name a service's database; none for the service's default. */
  environment(service: ServiceName): Promise<Record<string, string>>;
  /** Locks the database of a service, which exists, against writes until the end of the scope. */
  blockWrites(service: ServiceName): Promise<AsyncDisposable>;
  /** Deletes the databases that are in no folder. */
  drop(): Promise<void>;
}

/** @param folder the working directory of the processes, in which SQLite's files are */
export function processDatabases(engine: Engine, folder: () => string): ProcessDatabases {
  return engine === "SQLite" ? sqliteFiles(folder) : postgresDatabases();
}

function sqliteFiles(folder: () => string): ProcessDatabases {
  return {
    environment: () => Promise.resolve({}),
    drop: () => Promise.resolve(),
    async blockWrites(service) {
      const db = new Database(join(folder(), "data", `${service.replaceAll("-", "_")}.db`));
      db.run("BEGIN IMMEDIATE");
      return {
        async [Symbol.asyncDispose]() {
          db.run("ROLLBACK");
          db.close();
        },
      };
    },
  };
}

function postgresDatabases(): ProcessDatabases {
  const databases = new Map<ServiceName, Promise<PostgresDatabase>>();

  async function urlOf(service: ServiceName): Promise<string> {
    const { postgresDatabase } = await import("./postgres.ts");
    const database = databases.get(service) ?? postgresDatabase();
    databases.set(service, database);
    return (await database).url;
  }

  return {
    environment: async (service) => ({
      DATABASE_URL: await urlOf(service),
      // A process opens all of its sessions at its start, and each takes longer than the test's requests.
      DATABASE_POOL_SIZE: "4",
    }),
    async drop() {
      for (const database of databases.values()) await (await database)[Symbol.asyncDispose]();
      databases.clear();
    },
    async blockWrites(service) {
      const sql = new SQL(await urlOf(service), { max: 1 });
      const tables = await sql<{ name: string }[]>`
        SELECT quote_ident(tablename) AS name
        FROM pg_tables
        WHERE schemaname = 'public'
        ORDER BY tablename`;
      // Ends with the session. It lets other sessions read.
      await sql.unsafe("BEGIN").simple();
      for (const { name } of tables) await sql.unsafe(`LOCK TABLE ${name} IN EXCLUSIVE MODE`);
      return { [Symbol.asyncDispose]: () => sql.close({ timeout: 0 }) };
    },
  };
}
