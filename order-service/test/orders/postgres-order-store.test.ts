// What is true of orders on PostgreSQL alone: batches, several replicas at once, lost sessions, plans.
import { describe, expect, test } from "bun:test";
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { StorageUnavailable } from "@platform/shared/core/storage";
import { ClaimLost, type Claim } from "@platform/shared/idempotency/claim";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { hasPostgres } from "@platform/shared/testing/postgres";
import {
  countStatements,
  explainStatements,
  rowsReadFrom,
} from "@platform/shared/testing/postgres-rows-read";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { orderStatuses } from "../../src/orders/order-status.ts";
import { orderSorts, type OrderStore } from "../../src/orders/order-store.ts";
import { postgresOrderStore } from "../../src/orders/postgres-order-store.ts";
import { userId } from "../order-service.ts";
import { draft, everything, temporaryPostgresOrders } from "./temporary-orders.ts";

const always = () => undefined;

/** So many that the planner of PostgreSQL prefers an index. */
const manyOrders = 20_000;

async function claimed(orders: OrderStore, key: string): Promise<Claim> {
  const result = await orders.claim(key, "f");
  if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
  return result.claim;
}

const count = async (orders: OrderStore) => (await orders.list(everything)).items.length;

/** A storage whose session is lost after the server has stored a write, as often as `losses` says. */
function losingSessions(storage: PostgresStorage) {
  const losses = { left: 0 };
  const write: PostgresStorage["write"] = async (statement, writes) => {
    const rows = await storage.write(statement, writes);
    if (losses.left === 0) return rows;
    losses.left -= 1;
    throw new StorageUnavailable("interrupted");
  };
  return { losses, storage: { ...storage, write } };
}

/** Statements that store many orders of one user and as many of others, and a key for each. */
const storeManyOrders = [
  `INSERT INTO orders
   SELECT gen_random_uuid(), CASE WHEN n % 2 = 0 THEN '${userId}'::uuid ELSE gen_random_uuid() END,
     '[{"sku": "A", "quantity": 1, "unit_price_cents": 1}]', 1, 1,
     CASE WHEN n % 100 < 2 THEN 'pending' ELSE 'delivered' END, n, n
   FROM generate_series(1, ${manyOrders}) AS n`,
  `INSERT INTO idempotency_keys (key, fingerprint, token, lease_until, resource_id, created_at)
   SELECT id::text, 'f', id, 1, id, 1
   FROM orders`,
];

/** Runs every statement of a store but that of old keys. @param run part of its keys */
async function useEverything(orders: OrderStore, run = "run"): Promise<void> {
  await orders.release(await claimed(orders, `${run}-released`));
  const { id } = await orders.place(draft, await claimed(orders, `${run}-placed`));
  await orders.setStatus(id, "confirmed", always);
  for (const sort of orderSorts) {
    for (const statuses of [undefined, ["pending"], ["pending", "delivered"]] as const) {
      for (const user of [undefined, userId]) {
        const query = { sort, statuses, userId: user, limit: 10 };
        const { nextAfter } = await orders.list(query);
        await orders.list({ ...query, after: nextAfter });
        await orders.list({ ...query, createdAfter: 0, createdBefore: Date.now() });
      }
    }
  }
}

describe.if(hasPostgres)("postgresOrderStore()", () => {
  test("place() stores a batch without the orders whose claims were lost", async () => {
    await using stores = await temporaryPostgresOrders();
    const { orders, replica, setClock } = stores;
    const lost = await claimed(orders, "lost");
    await setClock(10_000);
    const taken = await claimed(replica, "lost");
    const held = await claimed(orders, "held");
    const outcomes = await Promise.allSettled([
      orders.place(draft, lost),
      orders.place(draft),
      orders.place(draft, held),
      orders.place(draft, { key: "unknown", token: Bun.randomUUIDv7() }),
      orders.place(draft),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      "rejected",
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(ClaimLost);
    }
    expect(await count(orders)).toBe(3);
    await replica.release(taken);
  });

  test("one key makes one order, whichever replicas claim it when its process has died", async () => {
    await using stores = await temporaryPostgresOrders();
    const third = await stores.openReplica();
    const keys = Array.from({ length: 60 }, (_, n) => `key-${n}`);
    for (const key of keys) await claimed(stores.orders, key);
    await stores.setClock(10_000);
    // In opposite orders, so that statements that locked keys as they come would wait for each other.
    const place = async (orders: OrderStore, key: string) => {
      const result = await orders.claim(key, "f");
      if (result.outcome === "claimed") await orders.place(draft, result.claim);
      return result.outcome;
    };
    const outcomes = await Promise.all([
      ...keys.map((key) => place(stores.replica, key)),
      ...keys.toReversed().map((key) => place(third, key)),
    ]);
    expect(outcomes.filter((outcome) => outcome === "claimed")).toHaveLength(60);
    expect(await count(stores.orders)).toBe(60);
    const [deadlocks] = await stores.query(
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    );
    expect(deadlocks).toEqual({ deadlocks: "0" });
  });

  test.each([
    ["was renewed", "lease_until = lease_until + 1", "fulfilled"],
    ["went to another request", "token = gen_random_uuid()", "rejected"],
  ] as const)(
    "place() waits for a statement that has locked its claim, which %s",
    async (_, set, status) => {
      await using stores = await temporaryPostgresOrders();
      const claims = await Promise.all(["a", "b"].map((key) => claimed(stores.orders, key)));
      await stores.query("BEGIN");
      await stores.query(`UPDATE idempotency_keys SET ${set} WHERE key = 'a'`);
      const placed = Promise.allSettled(claims.map((claim) => stores.orders.place(draft, claim)));
      const waiting = "SELECT FROM pg_locks WHERE NOT granted";
      while ((await stores.query(waiting)).length === 0) await Bun.sleep(1);
      await stores.query("COMMIT");
      expect((await placed).map((outcome) => outcome.status)).toEqual([status, "fulfilled"]);
      expect(await count(stores.orders)).toBe(status === "fulfilled" ? 2 : 1);
    },
  );

  test("an order whose placement was interrupted is found by a repeat of its key", async () => {
    await using stores = await temporaryPostgresOrders();
    const { losses, storage } = losingSessions(stores.storage);
    const orders = postgresOrderStore(storage);
    const claim = await claimed(orders, "k");
    losses.left = 1;
    expect(await rejectionOf(orders.place(draft, claim))).toMatchObject({ reason: "interrupted" });
    await orders.release(claim);
    expect(await stores.replica.claim("k", "f")).toMatchObject({ outcome: "completed" });
    expect(await count(orders)).toBe(1);
  });

  test("a claim that was interrupted leaves its key to the client's retry at once", async () => {
    await using stores = await temporaryPostgresOrders();
    const { losses, storage } = losingSessions(stores.storage);
    const orders = postgresOrderStore(storage);
    losses.left = 1;
    expect(await rejectionOf(orders.claim("k", "f"))).toMatchObject({ reason: "interrupted" });
    await stores.replica.release(await claimed(stores.replica, "k"));
  });

  test("a key may have any characters that a header field may have", async () => {
    await using stores = await temporaryPostgresOrders();
    const { orders, replica } = stores;
    const keys = ['{"a","b"}', "NULL", "a\\", '"', "'", "$1", ",", "[1]", "!".repeat(255)];
    const claims = await Promise.all(keys.map((key) => claimed(orders, key)));
    await Promise.all(claims.map((claim) => orders.place(draft, claim)));
    for (const key of keys) {
      expect(await replica.claim(key, "f")).toMatchObject({ outcome: "completed" });
    }
    expect(await count(orders)).toBe(keys.length);
  });

  test("setStatus() makes one of many changes whose clients saw the same state", async () => {
    await using stores = await temporaryPostgresOrders();
    const placed = await Promise.all(Array.from({ length: 20 }, () => stores.orders.place(draft)));
    const changes = [stores.orders, stores.replica].flatMap((orders) =>
      placed.map(({ id, updated_at }) =>
        orders.setStatus(id, "cancelled", (current) =>
          current.updated_at === updated_at ? undefined : new PreconditionFailed("changed"),
        ),
      ),
    );
    const outcomes = await Promise.allSettled(changes);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(PreconditionFailed);
    }
  });

  test.each([
    ["before the server has statistics", ""],
    ["with statistics", "ANALYZE"],
  ])("no statement reads more rows than it needs, %s", async (_, analyze) => {
    await using stores = await temporaryPostgresOrders();
    for (const statement of storeManyOrders) await stores.query(statement);
    await stores.query(analyze);
    const { storage, statements } = explainStatements(stores.storage);
    const orders = postgresOrderStore(storage);
    await useEverything(orders);
    expect(await orders.forgetKeys(3_600_000, 10)).toBe(10);
    expect(statements.length).toBeGreaterThan(40);
    for (const { scanned, rowsRead, plan } of statements) {
      // At most a page of each status, and the page itself from the table.
      const isBounded = scanned.length === 0 && rowsRead <= (orderStatuses.length + 1) * 11;
      expect({ isBounded, rowsRead, scanned, plan }).toMatchObject({ isBounded: true });
    }
  });

  test("reads by an index although its statements ran first when the tables were small", async () => {
    await using stores = await temporaryPostgresOrders();
    await stores.query("ANALYZE");
    const { storage, counts } = countStatements(await stores.openAgain(1));
    const orders = postgresOrderStore(storage);
    // A session may keep the plan of a statement that it has run five times.
    for (let run = 1; run <= 6; run += 1) await useEverything(orders, `small-${run}`);
    for (const statement of storeManyOrders) await stores.query(statement);
    const before = counts.statements;
    await useEverything(orders, "grown");
    await orders.forgetKeys(3_600_000, 10);
    const statements = counts.statements - before;
    await storage.close();
    // Storing the keys reads the orders once.
    const allowed = statements * (orderStatuses.length + 1) * 11 + manyOrders;
    expect(await rowsReadFrom(stores.storage, ["orders", "idempotency_keys"])).toBeLessThan(
      allowed,
    );
  });
});
