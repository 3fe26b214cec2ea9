import { describe, expect, test } from "bun:test";
import { preparedStatements, queryPlan, testQueryPlans } from "@platform/shared/testing/query-plan";
import { temporaryStorage } from "@platform/shared/testing/temporary-storage";
import { migrations } from "../../src/migrations/sqlite/index.ts";
import { orderStatuses } from "../../src/orders/order-status.ts";
import { orderSorts, type OrderStore } from "../../src/orders/order-store.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";
import { userId } from "../order-service.ts";

/** Lists orders with every combination of filters, in every order. */
async function listAll(orders: OrderStore): Promise<void> {
  const statusLists = [undefined, ...orderStatuses.map((_, n) => orderStatuses.slice(n))];
  for (const sort of orderSorts) {
    for (const statuses of statusLists) {
      for (const user of [undefined, userId]) {
        await orders.list({ sort, statuses, userId: user, limit: 10 });
      }
    }
  }
}

describe("sqliteOrderStore()", () => {
  testQueryPlans(migrations, (storage) => sqliteOrderStore(storage), listAll);

  test("it finds a user's orders, and those of a status, without reading any other order", async () => {
    await using database = await temporaryStorage(migrations);
    const statements = await preparedStatements(database.storage, sqliteOrderStore, listAll);
    const { db } = await database.openAgain();
    const listing = statements.filter((sql) => sql.includes("$above"));
    // Two orders; all statuses and five lists of some; with and without a user. A user's orders in all
    // statuses and in a list of all five are one statement.
    expect(listing).toHaveLength(2 * (6 + 5));
    for (const sql of listing) {
      const searches = queryPlan(db, sql).filter((step) => step.startsWith("SEARCH"));
      const filter = sql.includes("$userId")
        ? "INDEX orders_by_user_and_status (user_id=? AND status=? AND "
        : sql.includes("status =")
          ? "INDEX orders_by_status (status=? AND "
          : "PRIMARY KEY (";
      for (const step of searches) {
        expect(step).toBe(`SEARCH orders USING ${filter}id>? AND id<?)`);
      }
    }
  });
});
