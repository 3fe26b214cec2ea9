// A database file that is corrupted, truncated or removed, before the start or while the service runs.
import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { expectCleanExit, newUser, sending } from "../support/platform/services.ts";
import * as damage from "./database-damage.ts";
import { somethingWentWrong, storageIsGone, summaryOf } from "./storage-problems.ts";

const service = "user-service";

/** Creates 200 users, which fill dozens of pages. @returns their ids */
async function createUsers(users: Pick<Running, "fetch">): Promise<string[]> {
  const create = async (n: number) => {
    const user = { ...newUser(n), name: "N".repeat(100) };
    const response = await users.fetch("/users", sending("POST", user));
    return ((await response.json()) as { id: string }).id;
  };
  return Promise.all(Array.from({ length: 200 }, (_, n) => create(n)));
}

/** A database of many pages that no process has open. */
async function setUp() {
  const folder = temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable(service, { cwd });
  const ids = await createUsers(users);
  await expectCleanExit(users);
  const path = join(cwd, "data/user_service.db");
  return { cwd, ids, path, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

const isDamaged = "it is damaged; restore a backup";
const isNoDatabase = "it is not an SQLite database; name another file";

test.each([
  ["whose header is overwritten", damage.spoilHeader, isNoDatabase],
  ["whose schema is overwritten", damage.spoilSchema, isDamaged],
  ["whose pages are overwritten", (path: string) => damage.spoilPages(path, 2), isDamaged],
  ["that was truncated", damage.halve, isDamaged],
  ["that is text", damage.replaceByText, isNoDatabase],
])(
  "user-service refuses a database %s in one line, and does not change it",
  async (_, spoil, reason) => {
    await using database = await setUp();
    const { cwd, path } = database;
    await spoil(path);
    const before = await Bun.file(path).bytes();
    for (const command of [["migrate"], ["serve"]]) {
      expect(await runCommand(service, command, { cwd, env: { PORT: "0" } })).toEqual({
        status: 1,
        stdout: "",
        stderr: `user-service: Cannot open the database "${path}": ${reason}\n`,
      });
    }
    expect(await Bun.file(path).bytes()).toEqual(before);
  },
);

test("GET /users fails for a corrupt page that the start has not read, and for no other page", async () => {
  await using database = await setUp();
  const { cwd, path, ids } = database;
  await damage.spoilPages(path, 8);
  await using users = await startExecutable(service, { cwd });
  expect(await summaryOf(await users.fetch("/users?limit=1000"))).toEqual(somethingWentWrong);
  const statuses = await Promise.all(
    ids.map(async (id) => {
      const summary = await summaryOf(await users.fetch(`/users/${id}`));
      if (summary.status !== 200) expect(summary).toEqual(somethingWentWrong);
      return summary.status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 500]));
  expect((await users.fetch("/health")).status).toBe(200);
  const logged = users.lines.find(({ level }) => level === "error");
  expect(logged).toMatchObject({ status: 500, err: { type: "SQLiteError" } });
});

test.each([
  ["overwritten", (path: string) => damage.spoilPages(path, 2)],
  ["truncated", damage.halve],
  ["emptied", damage.empty],
  ["overwritten with text", damage.replaceByText],
])(
  "user-service hides the reason from clients and ends on SIGTERM after its database is %s",
  async (_, spoil) => {
    await using database = await setUp();
    const { cwd, path, ids } = database;
    await using users = await startExecutable(service, { cwd });
    await spoil(path);
    const responses = [
      await users.fetch("/users?limit=1000"),
      await users.fetch(`/users/${ids[100]}`),
      await users.fetch(`/users/${ids[100]}`, sending("PATCH", { name: "Bob" })),
      await users.fetch(`/users/${ids[100]}`, { method: "DELETE" }),
    ];
    for (const response of responses) expect(await summaryOf(response)).toEqual(somethingWentWrong);
    expect((await users.fetch("/health")).status).toBe(200);
    await expectCleanExit(users);
  },
);

test.each([
  ["deleted", damage.remove],
  ["replaced", damage.replaceByCopy],
])(
  "user-service is not ready and accepts no write that would be lost after its database is %s",
  async (_, spoil) => {
    await using database = await setUp();
    const { cwd, path, ids } = database;
    await using users = await startExecutable(service, { cwd });
    await spoil(path);
    expect((await users.fetch("/ready")).status).toBe(503);
    const writes = [
      await users.fetch("/users", sending("POST", newUser(1000))),
      await users.fetch(`/users/${ids[0]}`, sending("PATCH", { name: "Bob" })),
      await users.fetch(`/users/${ids[0]}`, { method: "DELETE" }),
    ];
    for (const response of writes) expect(await summaryOf(response)).toEqual(storageIsGone);
    expect((await users.fetch("/health")).status).toBe(200);
  },
);

test("user-service serves again after its database was moved away and back", async () => {
  await using database = await setUp();
  const { cwd, path, ids } = database;
  await using users = await startExecutable(service, { cwd });
  await rename(path, `${path}.away`);
  expect((await users.fetch("/ready")).status).toBe(503);
  await rename(`${path}.away`, path);
  expect((await users.fetch("/ready")).status).toBe(200);
  const changed = await users.fetch(`/users/${ids[0]}`, sending("PATCH", { name: "Bob" }));
  expect(changed.status).toBe(200);
});
