// A database file that is damaged, cut or taken away: seen at the start, or survived.
import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import * as damage from "./database-damage.ts";
import { newUser, sending } from "../support/platform/services.ts";
import { somethingWentWrong, storageIsGone, told } from "./storage-problems.ts";

const service = "user-service";

/** Fills some dozens of pages. */
async function createUsers(users: Pick<Running, "fetch">): Promise<string[]> {
  const create = async (n: number) => {
    const user = { ...newUser(n), name: "N".repeat(100) };
    const answer = await users.fetch("/users", sending("POST", user));
    return ((await answer.json()) as { id: string }).id;
  };
  return Promise.all(Array.from({ length: 200 }, (_, n) => create(n)));
}

/** A database of some pages that nobody has open. */
async function setUp() {
  const folder = await temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable(service, { cwd });
  const ids = await createUsers(users);
  users.kill("SIGTERM");
  await users.exited;
  return {
    cwd,
    ids,
    path: join(cwd, "data/user_service.db"),
    [Symbol.asyncDispose]: folder[Symbol.asyncDispose],
  };
}

const isDamaged = "it is damaged; restore a backup";
const isNoDatabase = "it is not an SQLite database; name another file";

test.each([
  ["whose header is overwritten", damage.spoilHeader, isNoDatabase],
  ["whose schema is overwritten", damage.spoilSchema, isDamaged],
  ["whose pages are overwritten", (path: string) => damage.spoilPages(path, 2), isDamaged],
  ["that was cut", damage.halve, isDamaged],
  ["that is a text", damage.replaceByText, isNoDatabase],
])("a database %s is refused in one line, and left as it is", async (_, spoil, reason) => {
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
});

test("damage that a start does not look for fails those who ask for it, and nobody else", async () => {
  await using database = await setUp();
  const { cwd, path, ids } = database;
  await damage.spoilPages(path, 8);
  await using users = await startExecutable(service, { cwd });
  expect(await told(await users.fetch("/users?limit=1000"))).toEqual(somethingWentWrong);
  const statuses = await Promise.all(
    ids.map(async (id) => {
      const answer = await told(await users.fetch(`/users/${id}`));
      if (answer.status !== 200) expect(answer).toEqual(somethingWentWrong);
      return answer.status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([200, 500]));
  expect((await users.fetch("/health")).status).toBe(200);
  const logged = users.lines.find(({ level }) => level === "error");
  expect(logged).toMatchObject({ status: 500, err: { type: "SQLiteError" } });
});

test.each([
  ["overwritten", (path: string) => damage.spoilPages(path, 2)],
  ["cut", damage.halve],
  ["emptied", damage.empty],
  ["overwritten by a text", damage.replaceByText],
])(
  "a running service whose database is %s tells no caller why, and ends when it is told to",
  async (_, spoil) => {
    await using database = await setUp();
    const { cwd, path, ids } = database;
    await using users = await startExecutable(service, { cwd });
    await spoil(path);
    const answers = [
      await users.fetch("/users?limit=1000"),
      await users.fetch(`/users/${ids[100]}`),
      await users.fetch(`/users/${ids[100]}`, sending("PATCH", { name: "Bob" })),
      await users.fetch(`/users/${ids[100]}`, { method: "DELETE" }),
    ];
    for (const answer of answers) expect(await told(answer)).toEqual(somethingWentWrong);
    expect((await users.fetch("/health")).status).toBe(200);
    users.kill("SIGTERM");
    expect(await users.exited).toBe(0);
  },
);

test.each([
  ["deleted", damage.remove],
  ["replaced", damage.replaceByCopy],
])(
  "a running service whose database is %s is not ready, and takes no write that would be lost",
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
    for (const answer of writes) expect(await told(answer)).toEqual(storageIsGone);
    expect((await users.fetch("/health")).status).toBe(200);
  },
);

test("a running service whose database was moved away and back goes on where it was", async () => {
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
