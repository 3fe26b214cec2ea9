// A store of orders for one test, and orders to put into it.
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { migrations } from "../../src/migrations/index.ts";
import type { OrderStore } from "../../src/orders/order-store.ts";
import { sqliteOrderStore } from "../../src/orders/sqlite-order-store.ts";
import { userId } from "../order-service.ts";

/** An empty store, and a second one on the same data, as another replica has it. */
export interface TemporaryOrders extends AsyncDisposable {
  readonly orders: OrderStore;
  readonly replica: OrderStore;
  /** The clock of both, in milliseconds since 1970. */
  readonly clock: { ms: number };
  /** Resolves when every write of `orders` that was queued before is committed. */
  committed(): Promise<void>;
  /** The number of orders stored. */
  count(): Promise<number>;
}

/** Every order, on one page. */
export const everything = { userId: undefined, status: undefined, after: undefined, limit: 1000 };

/** An order of two lines. */
export const draft = {
  userId,
  lines: [
    { sku: "KB-87", quantity: 2, unitPriceCents: 1999 },
    { sku: "MS-01", quantity: 1, unitPriceCents: 550 },
  ],
};

/** Makes a store in an SQLite database of its own, whose clock only the test moves. */
export async function temporarySqliteOrders(): Promise<TemporaryOrders> {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryStorage(migrations);
  const orders = sqliteOrderStore(database.storage, now);
  return {
    clock,
    orders,
    replica: sqliteOrderStore(await database.openAgain(), now),
    committed: () => database.storage.write(() => undefined),
    count: async () => (await orders.list(everything)).items.length,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
