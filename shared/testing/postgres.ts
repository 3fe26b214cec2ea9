// PostgreSQL for tests: a server that starts with the first test that needs it and serves the whole
// run, and a database for each test.
import { SQL } from "bun";
import { atEndOfRun } from "./end-of-run.ts";
import { postgresPrograms } from "./postgres-programs.ts";
import { isPartOfRun, sharedByRun } from "./shared-by-run.ts";
import { startPostgres } from "./start-postgres.ts";

/** A database of a test; dropped some time after the end of its scope, with all sessions on it. */
export interface PostgresDatabase extends AsyncDisposable {
  /** As `DATABASE_URL` has it. Its role may do everything. */
  readonly url: string;
}

interface Server {
  readonly url: string;
  /** Creates and drops databases, one at a time. */
  readonly admin: SQL;
  /** The faster way to copy a small template, on a server that has two. */
  readonly copying: string;
  /** Ends the server. */
  stop(): Promise<void>;
}

const fileCopy = "STRATEGY FILE_COPY";

type Prepare = (url: string) => Promise<void>;

let server: Promise<Server> | undefined;
/**
 * The names of databases that no test needs any more, oldest first. The server waits 100 ms to drop a
 * database whose sessions have just been closed, so a few later tests run first.
 */
const discarded: string[] = [];
const maxDiscarded = 5;

/** The names of databases that serve as templates, by what prepares them. */
const templates = new Map<Prepare, Promise<string>>();

/** Whether tests can have databases. Prints why not, and throws the reason in CI. */
export const hasPostgres = findPostgres();

function findPostgres(): boolean {
  if (process.env["TEST_DATABASE_URL"]) return true;
  try {
    postgresPrograms();
    return true;
  } catch (error) {
    if (process.env["CI"]) throw error;
    console.error(
      `Tests on PostgreSQL are skipped: ${String(error)}. Set TEST_DATABASE_URL to run them on a server.`,
    );
    return false;
  }
}

/**
 * The engines that a suite runs on, for `describe.each`: those given, without PostgreSQL where tests
 * cannot have databases.
 *
 * @param engines by name, what the suite needs to open storage of that engine
 */
export function onEveryEngine<Open>(engines: { SQLite: Open; PostgreSQL?: Open }) {
  return Object.entries(engines).filter(([name]) => name !== "PostgreSQL" || hasPostgres);
}

/**
 * Creates a database: on the server of `TEST_DATABASE_URL`, whose role must be allowed to create
 * databases, or on one that starts for this test run.
 *
 * @param prepare fills a database, for example by migrations. It runs once: databases of the same
 * function are copies. Default: the database is empty
 */
export async function postgresDatabase(prepare?: Prepare): Promise<PostgresDatabase> {
  const template = prepare === undefined ? "template0" : await templateOf(prepare);
  const { admin, url, name } = await createDatabase(template);
  return {
    url,
    async [Symbol.asyncDispose]() {
      discarded.push(name);
      const oldest = discarded.length > maxDiscarded ? discarded.shift() : undefined;
      if (oldest !== undefined) await dropDatabase(admin, oldest);
    },
  };
}

function templateOf(prepare: Prepare): Promise<string> {
  const known = templates.get(prepare);
  if (known !== undefined) return known;
  const made = createDatabase("template0").then(async ({ url, name }) => {
    await prepare(url);
    return name;
  });
  templates.set(prepare, made);
  return made;
}

async function createDatabase(template: string) {
  const { url, admin, copying } = await (server ??= startServer());
  const name = `platform_test_${crypto.randomUUID().replaceAll("-", "_")}`;
  await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template} ENCODING UTF8 ${copying}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { admin, url: own.href, name };
}

async function dropDatabase(admin: SQL, name: string): Promise<void> {
  await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
}

async function startServer(): Promise<Server> {
  const given = process.env["TEST_DATABASE_URL"];
  if (given) {
    const admin = new SQL(given, { max: 1 });
    const [version] = await admin<{ number: number }[]>`
      SELECT current_setting('server_version_num')::int AS number`;
    const copying = version && version.number >= 150_000 ? fileCopy : "";
    return {
      url: given,
      admin,
      copying,
      async stop() {
        for (const template of templates.values()) discarded.push(await template);
        for (const name of discarded) await dropDatabase(admin, name);
        await admin.close();
      },
    };
  }
  const { url, stop } = isPartOfRun
    ? { url: await sharedByRun("postgres"), stop: () => Promise.resolve() }
    : await startPostgres();
  const admin = new SQL(url, { max: 1 });
  return {
    url,
    admin,
    copying: fileCopy,
    async stop() {
      await admin.close();
      await stop();
    },
  };
}

atEndOfRun(async () => {
  // The next file of tests needs the server and its templates too, and the databases end with it.
  if (isPartOfRun && !process.env["TEST_DATABASE_URL"]) return;
  const running = server;
  server = undefined;
  await (await running)?.stop();
  // `bun test --rerun-each` goes on with another server.
  templates.clear();
  discarded.length = 0;
});
