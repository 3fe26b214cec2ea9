// PgBouncer in front of a server, with the configuration of docs/postgresql.md.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import { isListening } from "../../shared/testing/is-listening.ts";
import { asServerUser, ownerInsteadOfRoot } from "../../shared/testing/postgres-files.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { adapted, readPage } from "../support/page.ts";
import { createDatabases, type Databases } from "../support/platform/postgres-platform.ts";
import type { PostgresServer } from "../support/postgres-server.ts";
import { pathOf } from "../../shared/testing/required-program.ts";

const page = await readPage("postgresql.md");

/** PgBouncer; it ends with its scope. */
export interface Pooler extends AsyncDisposable {
  /** The services' databases behind it. */
  readonly databases: Databases;
  /** Starts it again, and resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it, with all its connections. */
  stop(): Promise<void>;
}

const pollMs = 20;

/** Gives each role the settings of the page. */
async function alterRoles(server: PostgresServer): Promise<void> {
  await using admin = server.admin();
  const forUsers = page.variant("sql", "statement_timeout");
  await admin.unsafe(forUsers + forUsers.replaceAll("user_service", "order_service"));
}

/**
 * Starts PgBouncer in front of a server, on which it makes the services' databases.
 *
 * @param changes what is replaced in the page's configuration
 */
export async function startPooler(
  server: PostgresServer,
  changes: Readonly<Record<string, string>> = {},
): Promise<Pooler> {
  await using stack = new AsyncDisposableStack();
  const direct = await createDatabases(server);
  await alterRoles(server);
  const folder = stack.use(temporaryFolder()).path;
  const port = freePort();
  const users = join(folder, "userlist.txt");
  const behind = (url: string) => Object.assign(new URL(url), { port: String(port) });
  const databases = { users: behind(direct.users).href, orders: behind(direct.orders).href };
  const passwords = [databases.users, databases.orders].map((url) => {
    const { username, password } = new URL(url);
    return `"${username}" "${password}"\n`;
  });
  await Bun.write(users, passwords.join(""));
  const configuration = adapted(page.first("ini"), {
    "host=db.example port=5432": `host=127.0.0.1 port=${server.port}`,
    "listen_addr = 0.0.0.0": "listen_addr = 127.0.0.1\nunix_socket_dir =",
    "listen_port = 6432": `listen_port = ${port}`,
    "/etc/pgbouncer/userlist.txt": users,
    ...changes,
  });
  const file = join(folder, "pgbouncer.ini");
  await Bun.write(file, configuration);
  // It refuses to run as root, as the server does.
  if (ownerInsteadOfRoot) await chmod(folder, 0o755);
  const { command, args, options } = asServerUser(pathOf("pgbouncer"), [file]);

  let end: (() => Promise<void>) | undefined;
  async function stop(): Promise<void> {
    await end?.();
  }
  async function start(): Promise<void> {
    const child = spawn(command, args, {
      ...options,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-10_000)));
    const exited = once(child, "exit");
    end = async () => {
      child.kill("SIGTERM");
      await exited;
    };
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`PgBouncer has ended: ${log}`);
      await Bun.sleep(pollMs);
    }
  }
  await start();
  stack.defer(stop);
  const owned = stack.move();
  return { databases, start, stop, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
