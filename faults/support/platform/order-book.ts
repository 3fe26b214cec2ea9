// Callers that place orders and change their status, and remember every response.
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";
import { newOrder, type Order } from "./resources.ts";
import type { AfterChange } from "./user-book.ts";

/** How long the lease of a crashed process may keep a key in progress. */
const maxLeaseMs = 10_000;

/** An order to be placed under an idempotency key of its own. */
export interface PlannedOrder {
  readonly key: string;
  readonly body: ReturnType<typeof newOrder>;
  readonly entry: Entry<Order>;
  /** The body of the first 201. */
  placed?: Order;
  /** When the process crashed that may have claimed the key. */
  crashedAt: number;
  /** The earliest time of the next attempt. */
  retryAt: number;
}

/** The article identifies an order; it is also the idempotency key. */
function articleOf({ items }: Pick<Order, "items">): string {
  return items[0]?.sku ?? "";
}

const next = { pending: "confirmed", confirmed: "shipped", shipped: "delivered" } as const;

/** Orders of some users that only this book's callers place or change. */
export class OrderBook {
  readonly #userIds: readonly string[];
  readonly #ledger = new Ledger<Order>(articleOf);
  readonly #planned: PlannedOrder[] = [];
  #idle: PlannedOrder[] = [];
  /** Orders and changes that got a response. */
  responses = 0;

  constructor(userIds: readonly string[]) {
    this.#userIds = userIds;
  }

  /** Plans an order. */
  plan(): PlannedOrder {
    const n = this.#planned.length;
    const body = newOrder(this.#userIds[n % this.#userIds.length] ?? "", n);
    const key = articleOf(body);
    const planned = { key, body, entry: this.#ledger.open(key), crashedAt: -Infinity, retryAt: 0 };
    this.#planned.push(planned);
    return planned;
  }

  /** How many orders were planned. */
  get plannedCount(): number {
    return this.#planned.length;
  }

  /** The planned orders without a 201 so far. */
  get unplaced(): readonly PlannedOrder[] {
    return this.#planned.filter(({ placed }) => placed === undefined);
  }

  /** Orders and changes that got no response. */
  get open(): number {
    return this.#planned.filter(({ entry }) => entry.isOpen).length;
  }

  /**
   * Sends one attempt.
   *
   * @param refusals statuses after which nothing is stored and the client may retry
   * @returns whether the order is placed
   */
  async place(
    send: Send,
    planned: PlannedOrder,
    refusals: readonly number[] = [],
  ): Promise<boolean> {
    const { entry, key, body } = planned;
    const sentAt = performance.now();
    await entry.change(
      (state) => Bun.deepEquals(state?.items, body.items) && state?.status === "pending",
      async () => {
        const headers = { "idempotency-key": key };
        const response = await send("POST", "/orders", { json: body, headers });
        if (response.status === 201) {
          planned.placed = bodyOfStatus(response, 201) as Order;
          return planned.placed;
        }
        const isClaimed = response.status === 409 && sentAt - planned.crashedAt <= maxLeaseMs;
        const isRefused = isClaimed || refusals.includes(response.status);
        if (!isRefused) return bodyOfStatus(response, 201) as Order;
        const pauseSeconds = Number(response.headers.get("retry-after"));
        if (pauseSeconds === 0 && response.status !== 502) throw new Error("No Retry-After");
        planned.retryAt = performance.now() + pauseSeconds * 1000;
        return entry.known;
      },
    );
    if (planned.placed === undefined) return false;
    this.responses += 1;
    return true;
  }

  /** Hands a placed order back, so that `advance` may change its status. */
  putBack(planned: PlannedOrder): void {
    this.#idle.push(planned);
  }

  /** Gives some order its next status; does nothing if the chosen order has none. */
  async advance(send: Send, afterChange?: AfterChange<Order>): Promise<void> {
    const [planned] = this.#idle.splice(Math.floor(Math.random() * this.#idle.length), 1);
    const before = planned?.entry.known;
    if (planned === undefined || before === undefined) return;
    if (before.status === "delivered" || before.status === "cancelled") return;
    const status = next[before.status];
    await planned.entry.change(
      (state) => Bun.deepEquals(state, { ...before, status, updated_at: state?.updated_at }),
      async () => {
        const path = `/orders/${before.id}`;
        return bodyOfStatus(await send("PATCH", path, { json: { status } }), 200) as Order;
      },
    );
    this.responses += 1;
    await afterChange?.(before.id, planned.entry.known);
    this.#idle.push(planned);
  }

  /** Repeats a request that got a 201. @throws Error if the response is not the first one, replayed */
  async repeat(send: Send): Promise<void> {
    const planned = this.#planned[Math.floor(Math.random() * this.#planned.length)];
    if (planned?.placed === undefined) return;
    const headers = { "idempotency-key": planned.key };
    const response = await send("POST", "/orders", { json: planned.body, headers });
    const isSame = Bun.deepEquals(bodyOfStatus(response, 201), planned.placed);
    if (!isSame || response.headers.get("idempotent-replayed") !== "true") {
      throw new Error(
        `${planned.key}: first ${JSON.stringify(planned.placed)}, replayed ${response.body}`,
      );
    }
  }

  /** Notes that the process crashed: it may have claimed the keys of requests without a response. */
  noteCrash(): void {
    const now = performance.now();
    for (const planned of this.unplaced) if (planned.entry.isOpen) planned.crashedAt = now;
  }

  /** Compares the users' stored orders with this book. @returns how many are stored */
  async settle(send: Send): Promise<number> {
    const lists = await Promise.all(
      this.#userIds.map((id) => listAll<Order>(send, `/orders?user_id=${id}&limit=1000`)),
    );
    const stored = lists.flat();
    this.#ledger.settle(stored);
    this.#idle = this.#planned.filter(({ placed }) => placed !== undefined);
    return stored.length;
  }
}
