// A PostgreSQL server that a test has for itself, and that keeps what it has acknowledged: the test
// stops, kills and starts it as often as it likes, always at the same address.
import { SQL } from "bun";
import { spawnSync } from "node:child_process";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { atEndOfRun } from "../../shared/testing/end-of-run.ts";
import { freePort } from "../../shared/testing/free-port.ts";
import { endServerOf, ownerInsteadOfRoot } from "../../shared/testing/postgres-files.ts";
import type { PostgresFolder } from "../../shared/testing/postgres-folder.ts";
import { startPostgresProcess } from "../../shared/testing/postgres-process.ts";
import { startForTestRun } from "../../shared/testing/test-run.ts";

/** How a server of a test is made. */
export interface PostgresServerOptions {
  /** Settings of every start, as `name=value`. The last of a name counts. */
  readonly settings?: readonly string[];
  /** Lines in front of those of pg_hba.conf. */
  readonly hba?: readonly string[];
  /** The data folder of a server that is stopped, to be copied. Default: no database yet. */
  readonly copyOf?: string;
  /** Variables of the environment of every start. */
  readonly env?: Readonly<Record<string, string>>;
  /** Changes files of the data folder before the first start. */
  readonly prepare?: (data: string) => Promise<void>;
}

/** A server; at the end of its scope it ends, and its files are deleted. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** The folder of its files. */
  readonly data: string;
  /**
   * Makes a role that may log in, and a database of the same name that it owns.
   *
   * @returns the URL, as `DATABASE_URL` has it
   */
  createDatabase(name: string): Promise<string>;
  /**
   * Sessions of the superuser, which also get in when no slot is left for others. Close them with the
   * scope.
   *
   * @param database default: postgres
   */
  admin(database?: string): SQL;
  /** What it has logged since its last start. */
  log(): string;
  /** Starts it, and resolves when it accepts connections. */
  start(): Promise<void>;
  /** As `pg_ctl stop`: `immediate` without a checkpoint, so that the next start recovers; `fast` with one. */
  stop(mode: "immediate" | "fast"): Promise<void>;
  /** Kills all its processes with SIGKILL, as the kernel does for want of memory. */
  kill(): Promise<void>;
  /** Stops the processes where they are (SIGSTOP): connections stay, and nothing responds. */
  freeze(): Promise<void>;
  /** Lets them go on. */
  thaw(): void;
}

const defaultSettings = [
  // In memory, where fsync takes no time: a process that is killed takes no page of the kernel along.
  "fsync=on",
  "dynamic_shared_memory_type=mmap",
  // Every address of the loopback network, so that a name can move from one to another.
  "listen_addresses=0.0.0.0",
  "unix_socket_directories=",
  // A start waits for nothing but the recovery.
  "autovacuum=off",
];
const defaultHba = ["host all all 127.0.0.0/8 scram-sha-256"];

let folder: Promise<PostgresFolder> | undefined;
let stopFolder: (() => Promise<void>) | undefined;
let servers = 0;

async function startFolder(): Promise<PostgresFolder> {
  const script = join(import.meta.dir, "../../shared/testing/postgres-folder.ts");
  const { printed, stop } = await startForTestRun(script);
  stopFolder = stop;
  return printed as PostgresFolder;
}

atEndOfRun(async () => {
  await folder;
  await stopFolder?.();
});

/** The processes that a process has started, on Linux. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** Makes a server and starts it. */
export async function startPostgresServer({
  settings = [],
  hba = [],
  copyOf,
  env = {},
  prepare,
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  const { programs, folder: parent, template, password } = await (folder ??= startFolder());
  servers += 1;
  const data = join(parent, `server-${servers}`);
  await cp(copyOf ?? template, data, { recursive: true, verbatimSymlinks: true });
  await rm(join(data, "postmaster.pid"), { force: true });
  const hbaFile = join(data, "pg_hba.conf");
  const lines = [...hba, ...defaultHba, await readFile(hbaFile, "utf8")];
  await writeFile(hbaFile, lines.join("\n"));
  await prepare?.(data);
  if (ownerInsteadOfRoot) {
    const { uid, gid } = ownerInsteadOfRoot;
    const { status } = spawnSync("chown", ["-R", `${uid}:${gid}`, data]);
    if (status !== 0) throw new Error(`Cannot give ${data} to the server's user`);
  }
  const port = freePort();
  const urlOf = (user: string, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const all = [...defaultSettings, ...settings];
  const startProcess = () => startPostgresProcess({ programs, data, port, settings: all, env });
  let server = await startProcess();
  let frozen: readonly number[] = [];

  /** Stops the postmaster, so that it starts no other process. */
  async function freezeAll(): Promise<readonly number[]> {
    const { pid } = server;
    process.kill(pid, "SIGSTOP");
    return [pid, ...(await childrenOf(pid))];
  }

  return {
    port,
    data,
    async createDatabase(name) {
      await using sql = new SQL(urlOf("postgres", "postgres"), { max: 1 });
      await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
      await sql.unsafe(`CREATE DATABASE ${name} OWNER ${name}`);
      return urlOf(name, name);
    },
    admin: (database = "postgres") => new SQL(urlOf("postgres", database), { max: 2 }),
    log: () => server.log(),
    async start() {
      server = await startProcess();
    },
    async stop(mode) {
      const { kill, exited } = server;
      kill(mode === "immediate" ? "SIGQUIT" : "SIGINT");
      await exited;
    },
    async kill() {
      signalAll(await freezeAll(), "SIGKILL");
      await server.exited;
    },
    async freeze() {
      frozen = await freezeAll();
      signalAll(frozen, "SIGSTOP");
    },
    thaw() {
      signalAll(frozen, "SIGCONT");
    },
    async [Symbol.asyncDispose]() {
      signalAll(frozen, "SIGCONT");
      await endServerOf(data);
      await rm(data, { recursive: true, force: true });
    },
  };
}
