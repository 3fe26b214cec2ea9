import { describe, expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { costlySteps, preparedStatements } from "@platform/shared/testing/query-plan";
import { migrations } from "../../src/migrations/index.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";

describe("sqliteOrderStore()", () => {
  test("reads no whole table and sorts nothing, however many orders there are", async () => {
    await using database = await temporaryStorage(migrations);
    const { storage } = database;
    const statements = preparedStatements(storage, (storage) => sqliteOrderStore(storage));
    expect(statements.length).toBeGreaterThan(5);
    for (const sql of statements)
      expect({ sql, costly: costlySteps(storage.db, sql) }).toEqual({ sql, costly: [] });
  });
});
