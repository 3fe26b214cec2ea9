// A database file that is corrupted, truncated or removed, before the start or while the service runs.
import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import type { Running } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { newUser, sending } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import * as damage from "./database-damage.ts";
import { somethingWentWrong, storageIsGone, summaryOf } from "./storage-problems.ts";

const { start, run, path } = processTests();
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
  await using users = await start(service);
  const ids = await createUsers(users);
  await expectCleanExit(users);
  return { ids, database: path("data/user_service.db") };
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
    const { database } = await setUp();
    await spoil(database);
    const before = await Bun.file(database).bytes();
    for (const command of [["migrate"], ["serve"]]) {
      expect(await run(service, command, { PORT: "0" })).toEqual({
        status: 1,
        stdout: "",
        stderr: `user-service: Cannot open the database "${database}": ${reason}\n`,
      });
    }
    expect(await Bun.file(database).bytes()).toEqual(before);
  },
);

test("GET /users fails for a corrupt page that the start has not read, and for no other page", async () => {
  const { database, ids } = await setUp();
  await damage.spoilSecondHalf(database);
  await using users = await start(service);
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
    const { database, ids } = await setUp();
    await using users = await start(service);
    await spoil(database);
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
    const { database, ids } = await setUp();
    await using users = await start(service);
    await spoil(database);
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
  const { database, ids } = await setUp();
  await using users = await start(service);
  await rename(database, `${database}.away`);
  expect((await users.fetch("/ready")).status).toBe(503);
  await rename(`${database}.away`, database);
  expect((await users.fetch("/ready")).status).toBe(200);
  const changed = await users.fetch(`/users/${ids[0]}`, sending("PATCH", { name: "Bob" }));
  expect(changed.status).toBe(200);
});
