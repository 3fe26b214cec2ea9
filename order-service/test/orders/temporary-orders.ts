// A store of orders for one test, and orders to put into it.
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { migrations } from "../../src/migrations/sqlite/index.ts";
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

/** Makes an empty store, and a second one on the same data, as another replica has it. */
export async function temporarySqliteOrders() {
  const clock = { ms: 1_800_000_000_000 };
  const now = () => clock.ms;
  const database = await temporaryStorage(migrations);
  const orders = sqliteOrderStore(database.storage, now);
  const openReplica = async () => sqliteOrderStore(await database.openAgain(), now);
  return {
    ...database,
    /** The clock of both, in milliseconds since 1970, which only the test moves. */
    clock,
    /** Sets the clock that both judge keys by. */
    setClock: (byMs: number) => Promise.resolve(void (clock.ms += byMs)),
    orders,
    replica: await openReplica(),
    openReplica,
    /** Resolves when every write of `orders` that was queued before is committed. */
    committed: () => database.storage.write(() => undefined),
    /** The number of orders stored. */
    count: async () => (await orders.list(everything)).items.length,
  };
}
