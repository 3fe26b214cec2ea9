// The log that a crash leaves beside its database: what is whole in it is kept, none is thrown away.
import { expect, test } from "bun:test";
import { cp, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { fetchClient, listAll } from "../support/clients.ts";
import { newUser, sending } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { checkDatabase } from "../support/database-check.ts";

/** The files of a crash after so many users, who were made one after the other. */
async function crashed(count: number) {
  const folder = await temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable("user-service", { cwd });
  for (let n = 0; n < count; n += 1) {
    expect((await users.fetch("/users", sending("POST", newUser(n)))).status).toBe(201);
  }
  users.kill("SIGKILL");
  await users.exited;
  const data = join(cwd, "data");
  await cp(data, join(cwd, "crashed"), { recursive: true });
  const database = join(data, "user_service.db");
  return {
    database,
    log: `${database}-wal`,
    /** The numbers of the users that a start finds, in their order. */
    async found(): Promise<number[]> {
      await using users = await startExecutable("user-service", { cwd });
      const all = await listAll<{ email: string }>(fetchClient(users.url), "/users?limit=1000");
      expect((await users.fetch("/users", sending("POST", newUser(1000)))).status).toBe(201);
      users.kill("SIGTERM");
      expect(await users.exited).toBe(0);
      checkDatabase(database);
      return all.map(({ email }) => Number(/\d+/.exec(email)?.[0])).toSorted((a, b) => a - b);
    },
    async refusal(): Promise<string> {
      const outcome = await runCommand("user-service", ["migrate"], { cwd });
      expect(outcome.status).toBe(1);
      return outcome.stderr;
    },
    /** Puts everything back as the crash left it. */
    async again(): Promise<void> {
      await rm(data, { recursive: true });
      await cp(join(cwd, "crashed"), data, { recursive: true });
    },
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const made = 50;

test("the log that a crash left is read, with its index and without", async () => {
  await using crash = await crashed(made);
  expect((await stat(crash.log)).size).toBeGreaterThan(0);
  expect(await crash.found()).toEqual(upTo(made));
  await crash.again();
  await rm(`${crash.database}-shm`);
  expect(await crash.found()).toEqual(upTo(made));
});

test("of a log that a crash cut anywhere, all is kept that was whole before the cut", async () => {
  await using crash = await crashed(made);
  const { size } = await stat(crash.log);
  const cuts = amount({ full: 40, fast: 8 });
  let longest = 0;
  for (let cut = 1; cut <= cuts; cut += 1) {
    await crash.again();
    await truncate(crash.log, Math.floor((size * cut) / (cuts + 1)));
    // What is cut first is the making of the tables, which the start does again.
    const found = await crash.found();
    expect(found).toEqual(upTo(found.length));
    expect(found.length).toBeGreaterThanOrEqual(longest);
    expect(found.length).toBeLessThan(made);
    longest = found.length;
  }
  expect(longest).toBeGreaterThan(made / 2);
});

test("a log whose database is gone is not thrown away with all that is in it", async () => {
  await using crash = await crashed(made);
  for (const lose of [() => rm(crash.database), () => truncate(crash.database, 0)]) {
    await crash.again();
    await lose();
    expect(await crash.refusal()).toMatch(
      /^user-service: Cannot open the database "[^"]+": it is missing or empty, but [^\n]+\n$/,
    );
    expect((await stat(crash.log)).size).toBeGreaterThan(0);
  }
  await crash.again();
  expect(await crash.found()).toEqual(upTo(made));
});
