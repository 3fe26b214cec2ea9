import { expect, test } from "bun:test";
import { join } from "node:path";
import { backupSqlite } from "../../src/sqlite/backup.ts";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { temporaryDatabase } from "./harness.ts";

const migrations = [
  "CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT",
  "INSERT INTO secrets VALUES ('cursor', randomblob(32)), ('request-digest', randomblob(32))",
];

async function secretsIn(path: string) {
  const storage = await openSqlite({ path, migrations });
  const cursor = storage.secret("cursor");
  const digest = storage.secret("request-digest");
  await storage.close();
  return { cursor, digest };
}

test("secret() is the same after a restart and in a restored copy, and another in another database", async () => {
  using one = temporaryDatabase();
  using other = temporaryDatabase();
  const secrets = await secretsIn(one.path);
  expect(secrets.cursor).toHaveLength(32);
  expect(secrets.digest).not.toEqual(secrets.cursor);
  expect(await secretsIn(one.path)).toEqual(secrets);
  const copy = join(one.folder, "copy.db");
  await backupSqlite(one.path, copy);
  expect(await secretsIn(copy)).toEqual(secrets);
  expect((await secretsIn(other.path)).cursor).not.toEqual(secrets.cursor);
});

test("secret() fails for a database without secrets, and names the one that is missing", async () => {
  using database = temporaryDatabase();
  const storage = await openSqlite({ path: database.path, migrations: [] });
  expect(() => storage.secret("cursor")).toThrow('no secret named "cursor"');
  await storage.close();
});
