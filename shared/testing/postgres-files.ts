// The files of PostgreSQL servers that tests start, and the user that these servers run as.
import { spawnSync } from "node:child_process";
import { chown, cp, mkdtemp, readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { postgresPrograms } from "./postgres-programs.ts";

const isRoot = process.getuid?.() === 0;
const nobody = { uid: idOfNobody("-u"), gid: idOfNobody("-g") };

/** Whether root may become nobody; in a namespace that `unshare --map-root-user` makes, it may not. */
const hasNobody = isRoot && spawnSync("true", [], nobody).status === 0;

/** PostgreSQL refuses to run as root. Undefined if its files stay with the user of this process. */
export const ownerInsteadOfRoot = hasNobody ? nobody : undefined;

function idOfNobody(option: "-u" | "-g"): number {
  return Number(spawnSync("id", [option, "nobody"]).stdout.toString());
}

/** The words and the options that start a program as the user of the server. */
export function asServerUser(program: string, args: readonly string[]) {
  // In a namespace inside, the same user is not root any more.
  const words = isRoot && !hasNobody ? ["/usr/bin/unshare", "--user", program] : [program];
  const [command = program, ...others] = [...words, ...args];
  return { command, args: others, options: { ...ownerInsteadOfRoot } };
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

/** Folders that this process has made. */
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

/**
 * Makes a folder for databases: in memory where there is room, because a database is some 300 files,
 * which memory creates in a seventh of the time of a disk.
 */
export function makeDataFolder(): Promise<string> {
  return makeFolder(["/dev/shm", tmpdir(), "/tmp"]);
}

/** Deletes all folders that this process has made. */
export async function deleteFolders(): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** The folder of the programs; of a copy if the server's user cannot reach a clone of root's. */
export async function reachablePrograms(): Promise<string> {
  const programs = postgresPrograms();
  if (!ownerInsteadOfRoot || (await isReachableByAll(join(programs, "postgres")))) return programs;
  const copy = join(await makeFolder([tmpdir(), "/tmp"]), "native");
  await cp(dirname(programs), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

/** Makes the files of a server in `folder/data`. @param password of the user postgres, which may do everything */
export async function initialise(
  programs: string,
  folder: string,
  password: string,
): Promise<string> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await own(passwordFile);
  const { command, args, options } = asServerUser(join(programs, "initdb"), [
    `--pgdata=${data}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
  ]);
  const { status, stderr } = spawnSync(command, args, {
    ...options,
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`);
  return data;
}

/**
 * Ends the server of a data folder, if one runs or was killed there, and frees the shared memory that a
 * killed one leaves to the system.
 */
export async function endServerOf(data: string): Promise<void> {
  // The lines are documented in src/include/utils/pidfile.h: the first is the process, the seventh has
  // the key and the id of the shared memory.
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n");
  const memory = lines[6]?.trim().split(/\s+/)[1];
  if (lines[0]) await endProcess(Number(lines[0]));
  if (memory !== undefined) spawnSync("/usr/bin/ipcrm", ["-m", memory]);
}

async function endProcess(pid: number): Promise<void> {
  const signal = (name: NodeJS.Signals | 0) => {
    try {
      return process.kill(pid, name);
    } catch {
      return false;
    }
  };
  if (!signal("SIGQUIT")) return;
  signal("SIGCONT");
  while (signal(0)) await Bun.sleep(20);
}
