import { describe } from "bun:test";
import { testQueryPlans } from "@platform/shared/testing/query-plan";
import { migrations } from "../../src/migrations/sqlite/index.ts";
import { sqliteUserStore } from "../../src/users/sqlite-user-store.ts";
import { userSorts, type UserStore } from "../../src/users/user-store.ts";

/** Lists users with every combination of filters, in every order, from the start and from a position. */
async function listAll(users: UserStore): Promise<void> {
  for (const name of ["A", "B", "C"]) await users.create({ name, email: `${name}@example.com` });
  const after = { name: "B", id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42" };
  for (const sort of userSorts) {
    for (const email of [undefined, "A@example.com"]) {
      for (const ids of [undefined, [after.id]]) {
        for (const range of [{}, { createdAfter: 0 }, { createdBefore: 1 }]) {
          const query = { sort, email, ids, ...range, limit: 10 };
          await users.list(query);
          await users.list({ ...query, after });
        }
      }
    }
  }
}

describe("sqliteUserStore()", () => {
  // With at most one user to be sorted, three are many, so both statements for ranges are prepared.
  const maxUsersRead = 1;
  testQueryPlans(
    migrations,
    (storage) => sqliteUserStore(storage, Date.now, maxUsersRead),
    listAll,
  );
});
