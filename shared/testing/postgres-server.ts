// A process that runs a PostgreSQL server until SIGTERM, or until the test run whose process id is its
// argument has ended, however that ended. Prints its own process id and the URL of the server.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, cp, mkdtemp, rm, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { postgresPrograms } from "./postgres-programs.ts";

/** The server loses its files at its end, so it need not write them safely. */
const settings = [
  "fsync=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "autovacuum=off",
  // Every statement of a test run at once: many pools of 10 sessions.
  "max_connections=200",
  // In the folder that is deleted, also after kill -9.
  "dynamic_shared_memory_type=mmap",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
];

/** PostgreSQL refuses to run as root. Undefined for any other user, as whom it runs then. */
const ownerInsteadOfRoot = process.getuid?.() === 0 ? idsOfNobody() : undefined;

function idsOfNobody() {
  const id = (option: string) => Number(spawnSync("id", [option, "nobody"]).stdout.toString());
  return { uid: id("-u"), gid: id("-g") };
}

/** Whether every user may reach a path: each folder above it lets all pass. */
async function isReachableByAll(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Gives a path to the user of the server. */
async function own(path: string): Promise<void> {
  if (ownerInsteadOfRoot) await chown(path, ownerInsteadOfRoot.uid, ownerInsteadOfRoot.gid);
}

/** The room that a database of each of many tests takes, with the log of transactions. */
const minFreeBytes = 512 * 1024 * 1024;

async function isUsable(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < minFreeBytes) return false;
    return !ownerInsteadOfRoot || (await isReachableByAll(join(folder, "file")));
  } catch {
    return false;
  }
}

/** Folders that this process has made, and deletes. */
const folders: string[] = [];

/** Makes a folder for the server's user in the first of `parents` that has room and can be reached. */
async function makeFolder(parents: readonly string[]): Promise<string> {
  for (const parent of parents) {
    if (!(await isUsable(parent))) continue;
    const folder = await mkdtemp(join(parent, "platform-postgres-"));
    folders.push(folder);
    await own(folder);
    return folder;
  }
  throw new Error(`None of ${parents.join(", ")} has 512 MiB free and can be used`);
}

/** The folder of the programs; of a copy if the server's user cannot reach a clone of root's. */
async function reachablePrograms(): Promise<string> {
  const programs = postgresPrograms();
  if (!ownerInsteadOfRoot || (await isReachableByAll(join(programs, "postgres")))) return programs;
  const copy = join(await makeFolder([tmpdir(), "/tmp"]), "native");
  await cp(dirname(programs), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}

async function initialise(programs: string, folder: string, password: string): Promise<string> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await own(passwordFile);
  const { status, stderr } = spawnSync(
    join(programs, "initdb"),
    [
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
    ],
    { ...ownerInsteadOfRoot, cwd: folder, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  return data;
}

/** Starts the server, and resolves with it when it accepts connections. */
async function start(programs: string, data: string, port: number) {
  const server = spawn(
    join(programs, "postgres"),
    ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
    { ...ownerInsteadOfRoot, cwd: data, stdio: ["ignore", "ignore", "pipe"] },
  );
  const exited = once(server, "exit");
  const ready = Promise.withResolvers<void>();
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-10_000);
    if (log.includes("ready to accept connections")) ready.resolve();
  });
  await Promise.race([
    ready.promise,
    exited.then(() => Promise.reject(new Error(`The server ended: ${log}`))),
  ]);
  return {
    exited,
    async stop() {
      // Without a checkpoint: its files are deleted.
      server.kill("SIGQUIT");
      await exited;
    },
  };
}

const testRun = Number(process.argv[2]);
const isTestRunAlive = () => {
  try {
    return process.kill(testRun, 0);
  } catch {
    return false;
  }
};
const stopped = Promise.withResolvers<void>();
process.on("SIGTERM", stopped.resolve);

try {
  const programs = await reachablePrograms();
  // A database is some 300 files, which memory creates in a seventh of the time of a disk.
  const folder = await makeFolder(["/dev/shm", tmpdir(), "/tmp"]);
  const password = crypto.randomUUID();
  const data = await initialise(programs, folder, password);
  const port = freePort();
  const server = await start(programs, data, port);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
  console.log(JSON.stringify({ pid: process.pid, url }));
  const timer = setInterval(() => !isTestRunAlive() && stopped.resolve(), 200);
  await Promise.race([stopped.promise, server.exited]);
  clearInterval(timer);
  await server.stop();
} finally {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}
