// A process that keeps a folder for PostgreSQL servers of tests. It prints where it is, and deletes it
// at SIGTERM, or when the test run whose process id is its argument has ended, with the servers that
// still run there.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  deleteFolders,
  endServerOf,
  initialise,
  makeDataFolder,
  reachablePrograms,
} from "./postgres-files.ts";
import { endOfTestRun } from "./test-run.ts";

/** What the process prints. */
export interface PostgresFolder {
  readonly pid: number;
  readonly programs: string;
  /** Each server has a folder of its own in it. */
  readonly folder: string;
  /** The files of a new server, to be copied. */
  readonly template: string;
  /** The password of the user postgres in them. */
  readonly password: string;
}

if (import.meta.main) {
  try {
    const programs = await reachablePrograms();
    const folder = await makeDataFolder();
    const password = crypto.randomUUID();
    const template = await initialise(programs, folder, password);
    const found: PostgresFolder = { pid: process.pid, programs, folder, template, password };
    console.log(JSON.stringify(found));
    await endOfTestRun();
    for (const name of await readdir(folder)) await endServerOf(join(folder, name));
  } finally {
    await deleteFolders();
  }
}
