// What the store of users promises on PostgreSQL besides what every store does.
import { describe, expect, test } from "bun:test";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { hasPostgres } from "@platform/shared/testing/postgres";
import {
  countStatements,
  explainStatements,
  rowsReadFrom,
} from "@platform/shared/testing/postgres-rows-read";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { postgresUserStore } from "../../src/users/postgres-user-store.ts";
import { userSorts, type UserStore } from "../../src/users/user-store.ts";
import { EmailTaken } from "../../src/users/user.ts";
import { temporaryPostgresUsers } from "./temporary-users.ts";

const always = () => undefined;
const alice = { name: "Alice", email: "alice@example.com" };

/** So many that the planner of PostgreSQL prefers an index. */
const manyUsers = 20_000;
const firstMs = 1_700_000_000_000;

/** The id of the n-th user that {@link storeManyUsers} stores. */
function idOf(n: number): string {
  const [time, count] = [firstMs + n, n].map((part) => part.toString(16).padStart(12, "0"));
  return `${time?.slice(0, 8)}-${time?.slice(8)}-7000-8000-${count}`;
}

/** Stores a user for each millisecond, and a key for each user. The names have no order. */
async function storeManyUsers({ write }: PostgresStorage): Promise<void> {
  await write(
    (sql) => sql<object[]>`
      INSERT INTO users (id, name, email, created_at, updated_at)
      SELECT (lpad(to_hex(time), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
        'User ' || (n * 7919 % ${manyUsers}::int), 'user' || n || '@example.com', time, time
      FROM (
        SELECT n, ${firstMs}::bigint + n AS time
        FROM generate_series(1, ${manyUsers}::int) AS n
      ) AS numbers`,
  );
  await write(
    (sql) => sql<object[]>`
      INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, resource_id, created_at)
      SELECT id::text, 'f', id, created_at, id, created_at
      FROM users`,
  );
}

/**
 * Runs every statement of a store: each list from the start and from a position, each write.
 *
 * @param run part of what it stores, which no other run has stored
 */
async function useEverything(users: UserStore, run = "run"): Promise<void> {
  const after = { name: "User 5", id: idOf(manyUsers / 2) };
  // For a hundredth of so few users, PostgreSQL up to 16 rightly reads the table, which costs it the same.
  const ids = Array.from({ length: 50 }, (_, n) => idOf(n * 200 + 1));
  const lists = [{}, { ids }];
  const ranges = [
    {},
    { createdAfter: firstMs + 5 },
    { createdAfter: firstMs + 100, createdBefore: firstMs + 120 },
  ];
  for (const sort of userSorts) {
    for (const list of lists) {
      for (const range of ranges) {
        for (const email of [undefined, "USER7@example.com"]) {
          const query = { sort, email, ...list, ...range, limit: 10 };
          await users.list(query);
          await users.list({ ...query, after });
        }
      }
    }
  }
  await users.list({ sort: "name", ids, limit: ids.length });
  const result = await users.claim(run, "f");
  if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
  const { id } = await users.create({ name: "Alice", email: `${run}@example.com` }, result.claim);
  await users.release(result.claim);
  await users.update(id, { name: "Alicia" }, always);
  await users.remove(id, always);
  await users.create({ name: "Alice", email: `${run}-other@example.com` });
  // The age is more than that of any key.
  await users.forgetKeys(1e15, 10);
}

describe.if(hasPostgres)("postgresUserStore()", () => {
  // Many users in most ranges, so both ways to a range by name are taken.
  const maxUsersRead = 500;

  test.each([
    ["with", "ANALYZE"],
    // Until the server has analysed a table for the first time, its planner guesses.
    ["without", "ALTER TABLE users SET (autovacuum_enabled = off)"],
  ])("reads no whole table, however many users there are, %s statistics", async (_, prepare) => {
    await using stores = await temporaryPostgresUsers();
    await storeManyUsers(stores.storage);
    await stores.query(prepare);
    const { storage, statements } = explainStatements(stores.storage);
    await useEverything(postgresUserStore(storage, Date.now, maxUsersRead));
    expect(statements.length).toBeGreaterThan(100);
    for (const { scanned, rowsRead, plan } of statements) {
      // At most, a statement looks through the users of a window, and joins the page to the table.
      const isBounded = scanned.length === 0 && rowsRead <= maxUsersRead + 100;
      expect({ isBounded, rowsRead, scanned, plan }).toMatchObject({ isBounded: true });
    }
  });

  test("reads by an index although its statements ran first when the tables were small", async () => {
    await using stores = await temporaryPostgresUsers();
    await stores.query("ANALYZE");
    const { storage, counts } = countStatements(await stores.openAgain(1));
    const users = postgresUserStore(storage, Date.now, maxUsersRead);
    // A session may keep the plan of a statement that it has run five times.
    for (let run = 1; run <= 6; run += 1) await useEverything(users, `small-${run}`);
    await storeManyUsers(storage);
    const before = counts.statements;
    await useEverything(users, "grown");
    for (let n = 1; n <= 40; n += 1) await users.find(idOf(n));
    const statements = counts.statements - before;
    await storage.close();
    // `storeManyUsers` reads the users once, to store their keys.
    const allowed = statements * (maxUsersRead + 100) + manyUsers;
    expect(await rowsReadFrom(stores.storage, ["users", "idempotency_keys"])).toBeLessThan(allowed);
  });

  test("finds the keys of creations by an index although their statements ran first without keys", async () => {
    await using stores = await temporaryPostgresUsers();
    await stores.query("ANALYZE");
    const storage = await stores.openAgain(1);
    const users = postgresUserStore(storage);
    const createWithKey = async (key: string) => {
      const result = await users.claim(key, "f");
      if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
      await users.create({ name: "Alice", email: `${key}@example.com` }, result.claim);
    };
    // A session may keep the plan of a statement that it has run five times.
    for (let n = 1; n <= 6; n += 1) await createWithKey(`early-${n}`);
    await storeManyUsers(storage);
    const keys = Array.from({ length: 40 }, (_, n) => `late-${n}`);
    await createWithKey("lone");
    await Promise.all(keys.map(createWithKey));
    await storage.close();
    expect(await rowsReadFrom(stores.storage, ["idempotency_keys"])).toBeLessThan(1000);
  });

  test("update() advances updated_at on a replica whose clock is behind", async () => {
    await using stores = await temporaryPostgresUsers();
    const behind = postgresUserStore(await stores.openAgain(), () => stores.clock.ms - 3_600_000);
    const user = await stores.users.create(alice);
    const seen = [user.updated_at];
    for (const name of ["A", "B", "C"]) {
      seen.push((await behind.update(user.id, { name }, always)).updated_at);
    }
    expect(new Set(seen).size).toBe(4);
    expect(seen.toSorted()).toEqual(seen);
    expect((await stores.users.find(user.id))?.created_at).toBe(user.created_at);
  });

  test("update() makes every one of many changes at once, on whichever replica", async () => {
    await using stores = await temporaryPostgresUsers();
    const user = await stores.users.create(alice);
    const changed = await Promise.all(
      Array.from({ length: 64 }, (_, n) =>
        (n % 2 ? stores.users : stores.replica).update(user.id, { name: `User ${n}` }, always),
      ),
    );
    expect(new Set(changed.map(({ updated_at }) => updated_at)).size).toBe(64);
  });

  test("create() stores the users of a batch whose addresses are free, and rejects the others", async () => {
    await using stores = await temporaryPostgresUsers();
    await stores.users.create(alice);
    const addresses = ["ALICE@example.com", "bob@example.com", "Bob@example.com", "c@example.com"];
    const outcomes = await Promise.allSettled(
      addresses.map((email) => stores.users.create({ name: email, email })),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
  });

  test("create() completes the claims of a batch, and stores nothing for one that is lost", async () => {
    await using stores = await temporaryPostgresUsers();
    const claims = await Promise.all(
      ["a", "b", "c"].map(async (key) => {
        const result = await stores.users.claim(key, "f");
        if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
        return result.claim;
      }),
    );
    await stores.setClock(10_000);
    const other = await stores.replica.claim("b", "f");
    const outcomes = await Promise.allSettled([
      stores.users.create({ name: "first", email: "first@example.com" }),
      ...claims.map((claim) =>
        stores.users.create({ name: claim.key, email: `${claim.key}@example.com` }, claim),
      ),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    const { items } = await stores.users.list({ sort: "name", limit: 10 });
    expect(items.map(({ name }) => name)).toEqual(["a", "c", "first"]);
    for (const key of ["a", "c"]) {
      expect(await stores.replica.claim(key, "f")).toMatchObject({ outcome: "completed" });
    }
    if (other.outcome === "claimed") await stores.replica.release(other.claim);
  });

  test("folds addresses as ASCII where the language of the database folds otherwise", async () => {
    await using stores = await temporaryPostgresUsers();
    // As a Turkish database has it, without one: the columns decide, and not the database.
    const collations = await stores.query(`
      SELECT table_name || '.' || column_name AS column, collation_name AS collation
      FROM information_schema.columns
      WHERE table_schema = current_schema() AND collation_name IS NOT NULL
        AND table_name || '.' || column_name IN ('users.name', 'users.email', 'idempotency_keys.key')
      ORDER BY 1`);
    expect(collations).toEqual([
      { column: "idempotency_keys.key", collation: "C" },
      { column: "users.email", collation: "C" },
      { column: "users.name", collation: "C" },
    ]);
    await stores.users.create({ name: "i", email: "INFO@example.com" });
    const again = stores.users.create({ name: "i", email: "info@example.com" });
    expect(await rejectionOf(again)).toBeInstanceOf(EmailTaken);
  });
});
