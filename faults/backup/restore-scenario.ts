// A database and the backup that a restore replaces it with.
import { expect } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, type Outcome } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { createDatabase } from "./backup-contents.ts";

const service = "user-service";

/** The number of users in each. */
export const count = 20_000;

/** A database whose users are called Alice, and a backup whose users are called Bob. */
export async function createRestoreScenario() {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(temporaryFolder()).path;
  const path = await createDatabase(cwd, count, "Bob");
  const copy = join(cwd, "copy.db");
  expect(await runCommand(service, ["backup", copy], { cwd })).toMatchObject({ status: 0 });
  await rm(join(cwd, "data"), { recursive: true });
  await createDatabase(cwd, count, "Alice");
  const folder = stack.move();
  return {
    cwd,
    path,
    copy,
    restore: (file = copy) => runCommand(service, ["restore", file], { cwd }),
    /** The names of the databases that restores have replaced and kept. */
    kept: async () =>
      (await readdir(join(cwd, "data"))).filter((name) =>
        /^user_service\.db\.before-restore-\d{8}T\d{6}\.\d{3}Z$/.test(name),
      ),
    [Symbol.asyncDispose]: () => folder.disposeAsync(),
  };
}

/** Expects that a restore was refused in one line, for this reason. */
export function expectRefused({ status, stdout, stderr }: Outcome, reason: string): void {
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^user-service: Cannot restore "[^"\n]+" to "[^"\n]+": [^\n]+\n$/);
  expect(stderr).toContain(reason);
}
