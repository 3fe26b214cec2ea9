import { describe, expect, test } from "bun:test";
import { migrate } from "../../src/sqlite/migrations.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { migratedFrom, reasonOf, temporaryDatabase } from "./harness.ts";

const notes = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;";
const tags = `
  CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE) STRICT;
  INSERT INTO note VALUES (1, 'first');
  INSERT INTO tag VALUES (1);`;

function setUp() {
  const it = temporaryDatabase();
  const db = it.connect();
  return {
    ...it,
    db,
    tables: () =>
      db.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").values().flat(),
    /** Why these migrations cannot be run on the database. */
    refusal(migrations: string[]) {
      const start = `Cannot use the database "${it.path}": `;
      return reasonOf(migrate(db, migrations), "StorageOpenError", start);
    },
    rows: (table: string) => db.query(`SELECT * FROM ${table}`).all(),
  };
}

describe("migrate()", () => {
  test("runs every migration on a new database, and only the missing ones later", async () => {
    using it = setUp();
    expect(await migrate(it.db, [notes])).toEqual(migratedFrom(0, 1));
    expect(await migrate(it.db, [notes])).toEqual(migratedFrom(1, 1));
    expect(await migrate(it.db, [notes, tags])).toEqual(migratedFrom(1, 2));
    expect(it.tables()).toEqual(["note", "schema_migrations", "tag"]);
    expect(it.rows("tag")).toHaveLength(1);
    const record = { checksum: expect.any(String), applied_at: expect.any(Number) };
    expect(it.rows("schema_migrations")).toEqual([
      { version: 1, ...record },
      { version: 2, ...record },
    ]);
  });

  test("undoes all migrations when one fails", async () => {
    using it = setUp();
    await migrate(it.db, [notes]);
    const broken = "CREATE TABLE half (id); INSERT INTO nowhere VALUES (1);";
    const start = `Cannot bring the database "${it.path}" to version 3: no such table: nowhere; `;
    const failed = migrate(it.db, [notes, tags, broken]);
    expect(await reasonOf(failed, "StorageOpenError", start)).toBe(
      "nothing was changed; run the previous version until this migration is fixed",
    );
    expect(it.tables()).toEqual(["note", "schema_migrations"]);
    expect(it.rows("note")).toEqual([]);
  });

  test("rejects the database of a newer program, and does not change it", async () => {
    using it = setUp();
    await migrate(it.db, [notes, tags]);
    expect(await it.refusal([notes])).toBe(
      "it is at version 2 and this program knows 1; run a newer program",
    );
    expect(it.rows("tag")).toHaveLength(1);
  });

  test.each([
    ["fewer", [notes]],
    ["more", [notes, "CREATE TABLE second (id);", "CREATE TABLE third (id);"]],
  ])("rejects another service's database of %s versions, and leaves it alone", async (_, its) => {
    using it = setUp();
    await migrate(it.db, its);
    const tables = it.tables();
    const reason = await it.refusal(["CREATE TABLE other (id);", tags]);
    expect(reason).toBe(
      "its version 1 was made by another program, or by a migration that was edited since; name " +
        "the right database, or take the edit back and write a new migration",
    );
    expect(it.tables()).toEqual(tables);
  });

  test("takes a migration with the line ends of another system for the same", async () => {
    using it = setUp();
    await migrate(it.db, ["CREATE TABLE note (\n  id INTEGER\n);\n"]);
    expect(await migrate(it.db, ["CREATE TABLE note (\r\n  id INTEGER\r\n);\r\n"])).toEqual(
      migratedFrom(1, 1),
    );
  });

  test("keeps the rows that refer to a table that a migration rebuilds", async () => {
    using it = setUp();
    await migrate(it.db, [notes, tags]);
    const rebuild = `
    CREATE TABLE new_note (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at INTEGER) STRICT;
    INSERT INTO new_note (id, text) SELECT id, text FROM note;
    DROP TABLE note;
    ALTER TABLE new_note RENAME TO note;`;
    await migrate(it.db, [notes, tags, rebuild]);
    expect(it.rows("tag")).toEqual([{ note: 1 }]);
    expect(() => it.db.run("INSERT INTO tag VALUES (7)")).toThrow("FOREIGN KEY constraint failed");
  });

  test("undoes a migration that leaves a reference to a missing row", async () => {
    using it = setUp();
    await migrate(it.db, [notes, tags]);
    const error = await rejectionOf(migrate(it.db, [notes, tags, "DELETE FROM note;"]));
    expect(error.message).toContain("a row of tag refers to a row that does not exist");
    expect(it.rows("note")).toHaveLength(1);
  });

  test("waits for the migration of another process, until the lock timeout", async () => {
    using it = setUp();
    const other = it.connect();
    other.run("BEGIN IMMEDIATE");
    expect(await rejectionOf(migrate(it.db, [notes], 5))).toMatchObject({ reason: "busy" });
    const migrated = migrate(it.db, [notes]);
    other.run("COMMIT");
    expect(await migrated).toEqual(migratedFrom(0, 1));
  });
});
