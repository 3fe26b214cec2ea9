import { expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { costlySteps, preparedStatements } from "@platform/shared/testing/query-plan";
import { migrations } from "../../src/migrations/index.ts";
import { sqliteUserStore } from "../../src/users/sqlite-user-store.ts";

test("no query gets slower with the number of users", async () => {
  await using database = await temporaryStorage(migrations);
  const { storage } = database;
  const statements = preparedStatements(storage, (storage) => sqliteUserStore(storage));
  expect(statements.length).toBeGreaterThan(5);
  for (const sql of statements)
    expect({ sql, costly: costlySteps(storage.db, sql) }).toEqual({ sql, costly: [] });
});
