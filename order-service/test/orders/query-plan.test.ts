import { describe } from "bun:test";
import { testQueryPlans } from "@platform/shared/testing/query-plan";
import { migrations } from "../../src/migrations/index.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";

describe("sqliteOrderStore()", () => {
  testQueryPlans(migrations, (storage) => sqliteOrderStore(storage));
});
