import { describe } from "bun:test";
import { testQueryPlans } from "@platform/shared/testing/query-plan";
import { migrations } from "../../src/migrations/index.ts";
import { sqliteUserStore } from "../../src/users/sqlite-user-store.ts";

describe("sqliteUserStore()", () => {
  testQueryPlans(migrations, (storage) => sqliteUserStore(storage));
});
