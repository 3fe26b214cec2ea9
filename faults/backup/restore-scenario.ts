// A database that is to be replaced, and what it is to be replaced with.
import { expect } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, type Outcome } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { makeUsers } from "./backup-contents.ts";

const service = "user-service";

/** How many users there are in each. */
export const count = 20_000;

/** A folder with a database whose users are called Alice, and a copy whose users are called Bob. */
export async function restorable() {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(await temporaryFolder()).path;
  const path = await makeUsers(cwd, count, "Bob");
  const copy = join(cwd, "copy.db");
  expect(await runCommand(service, ["backup", copy], { cwd })).toMatchObject({ status: 0 });
  await rm(join(cwd, "data"), { recursive: true });
  await makeUsers(cwd, count, "Alice");
  const folder = stack.move();
  return {
    cwd,
    path,
    copy,
    restore: (file = copy) => runCommand(service, ["restore", file], { cwd }),
    kept: async () =>
      (await readdir(join(cwd, "data"))).filter((name) =>
        /^user_service\.db\.before-restore-\d{8}T\d{6}\.\d{3}Z$/.test(name),
      ),
    [Symbol.asyncDispose]: () => folder.disposeAsync(),
  };
}

/** That a restore was refused in one line, for this reason. */
export function expectRefused({ status, stdout, stderr }: Outcome, reason: string): void {
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^user-service: Cannot restore "[^"\n]+" to "[^"\n]+": [^\n]+\n$/);
  expect(stderr).toContain(reason);
}
