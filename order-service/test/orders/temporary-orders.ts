// A store of orders for one test, and orders to put into it.
import { onEveryEngine } from "@platform/shared/testing/postgres";
import { temporaryPostgresStorage } from "@platform/shared/testing/postgres-storage";
import { temporaryStorage } from "@platform/shared/testing/temporary-storage";
import { migrations as postgresMigrations } from "../../src/migrations/postgres/index.ts";
import { migrations } from "../../src/migrations/sqlite/index.ts";
import type { OrderStore } from "../../src/orders/order-store.ts";
import { postgresOrderStore } from "../../src/orders/postgres-order-store.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";
import { userId } from "../order-service.ts";

/** Every order, on one page. */
export const everything = { sort: "created_at", limit: 1000 } as const;

/** An order of two lines. */
export const draft = {
  userId,
  lines: [
    { sku: "KB-87", quantity: 2, unitPriceCents: 1999 },
    { sku: "MS-01", quantity: 1, unitPriceCents: 550 },
  ],
};

/** An empty store, and others on the same data, as other replicas have them. */
interface OrderStores extends AsyncDisposable {
  /** The clock of all, in milliseconds since 1970, which only the test moves. */
  readonly clock: { ms: number };
  readonly orders: OrderStore;
  readonly replica: OrderStore;
  openReplica(): Promise<OrderStore>;
  /** Sets the clock that all judge keys by forward, or back by a negative number. */
  setClock(byMs: number): Promise<void>;
}

/** Makes stores on SQLite. */
async function temporarySqliteOrders() {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryStorage(migrations);
  const orders = sqliteOrderStore(database.storage, now);
  const openReplica = async () => sqliteOrderStore(await database.openAgain(), now);
  return {
    ...database,
    clock,
    async setClock(byMs: number) {
      clock.ms += byMs;
    },
    orders,
    replica: await openReplica(),
    openReplica,
    /** Resolves when every write of `orders` that was queued before is committed. */
    committed: () => database.storage.write(() => undefined),
    /** The number of orders stored. */
    count: async () => (await orders.list(everything)).items.length,
  };
}

/** Makes stores on PostgreSQL. */
export async function temporaryPostgresOrders() {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryPostgresStorage(postgresMigrations);
  const openReplica = async () => postgresOrderStore(await database.openAgain(), now);
  return {
    ...database,
    clock,
    orders: postgresOrderStore(database.storage, now),
    replica: await openReplica(),
    openReplica,
  };
}

/** How to make them on each engine, for `describe.each`. */
export const orderStores = onEveryEngine<() => Promise<OrderStores>>({
  SQLite: temporarySqliteOrders,
  PostgreSQL: temporaryPostgresOrders,
});
