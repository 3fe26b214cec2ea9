// Callers who place orders and move them on, and remember what they were told.
import type { Order } from "../../../order-service/src/orders/order.ts";
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";
import { newOrder } from "./platform.ts";
import type { Witness } from "./user-book.ts";

/** How long a key whose process died may be held. */
const longestHoldMs = 10_000;

/** An order that somebody wants, by a key of its own. */
export interface Wish {
  readonly key: string;
  readonly body: ReturnType<typeof newOrder>;
  readonly entry: Entry<Order>;
  /** What the first 201 said. */
  placed?: Order;
  /** When the process died that may have held the key. */
  heldSince: number;
  /** Not to be sent again before. */
  retryAt: number;
}

/** The article tells orders apart, and their keys. */
function articleOf({ items }: Pick<Order, "items">): string {
  return items[0]?.sku ?? "";
}

const next = { pending: "confirmed", confirmed: "shipped", shipped: "delivered" } as const;

/** Orders that nobody else places or changes, for some users. */
export class OrderBook {
  readonly #userIds: readonly string[];
  readonly #ledger = new Ledger<Order>(articleOf);
  readonly #wishes: Wish[] = [];
  #idle: Wish[] = [];
  /** How many orders and changes were answered. */
  answers = 0;

  constructor(userIds: readonly string[]) {
    this.#userIds = userIds;
  }

  /** Thinks of an order. */
  wish(): Wish {
    const n = this.#wishes.length;
    const body = newOrder(this.#userIds[n % this.#userIds.length] ?? "", n);
    const key = articleOf(body);
    const wish = { key, body, entry: this.#ledger.open(key), heldSince: -Infinity, retryAt: 0 };
    this.#wishes.push(wish);
    return wish;
  }

  /** How many orders were thought of. */
  get wishes(): number {
    return this.#wishes.length;
  }

  /** The wishes that were not answered with 201 yet. */
  get unplaced(): readonly Wish[] {
    return this.#wishes.filter(({ placed }) => placed === undefined);
  }

  /** How many orders and changes were not answered. */
  get open(): number {
    return this.#wishes.filter(({ entry }) => entry.isOpen).length;
  }

  /**
   * Sends a wish once.
   *
   * @param refusals statuses that say that nothing was stored, and that it may be sent again
   * @returns whether there is an order now
   */
  async place(send: Send, wish: Wish, refusals: readonly number[] = []): Promise<boolean> {
    const { entry, key, body } = wish;
    const sentAt = performance.now();
    await entry.change(
      (state) => Bun.deepEquals(state?.items, body.items) && state?.status === "pending",
      async () => {
        const headers = { "idempotency-key": key };
        const reply = await send("POST", "/orders", { json: body, headers });
        if (reply.status === 201) {
          wish.placed = bodyOfStatus(reply, 201) as Order;
          return wish.placed;
        }
        const isHeld = reply.status === 409 && sentAt - wish.heldSince <= longestHoldMs;
        if (!isHeld && !refusals.includes(reply.status)) return bodyOfStatus(reply, 201) as Order;
        const pauseSeconds = Number(reply.headers.get("retry-after"));
        if (pauseSeconds === 0 && reply.status !== 502)
          throw new Error("Nobody says when to retry");
        wish.retryAt = performance.now() + pauseSeconds * 1000;
        return entry.known;
      },
    );
    if (wish.placed === undefined) return false;
    this.answers += 1;
    return true;
  }

  /** Says that nobody changes an order at the moment. */
  putBack(wish: Wish): void {
    this.#idle.push(wish);
  }

  /** Moves an order on that can be; or does nothing. */
  async moveOn(send: Send, witness?: Witness<Order>): Promise<void> {
    const [wish] = this.#idle.splice(Math.floor(Math.random() * this.#idle.length), 1);
    const before = wish?.entry.known;
    if (wish === undefined || before === undefined) return;
    if (before.status === "delivered" || before.status === "cancelled") return;
    const status = next[before.status];
    await wish.entry.change(
      (state) => Bun.deepEquals(state, { ...before, status, updated_at: state?.updated_at }),
      async () => {
        const path = `/orders/${before.id}`;
        return bodyOfStatus(await send("PATCH", path, { json: { status } }), 200) as Order;
      },
    );
    this.answers += 1;
    await witness?.(before.id, wish.entry.known);
    this.#idle.push(wish);
  }

  /** Sends a request again that was answered: it must be answered the same, and do nothing. */
  async repeat(send: Send): Promise<void> {
    const wish = this.#wishes[Math.floor(Math.random() * this.#wishes.length)];
    if (wish?.placed === undefined) return;
    const headers = { "idempotency-key": wish.key };
    const reply = await send("POST", "/orders", { json: wish.body, headers });
    const isSame = Bun.deepEquals(bodyOfStatus(reply, 201), wish.placed);
    if (!isSame || reply.headers.get("idempotent-replayed") !== "true") {
      throw new Error(
        `${wish.key} was answered first with ${JSON.stringify(wish.placed)}, then with ${reply.body}`,
      );
    }
  }

  /** Says that the process which was asked is dead. */
  lost(): void {
    const now = performance.now();
    for (const wish of this.unplaced) if (wish.entry.isOpen) wish.heldSince = now;
  }

  /** Holds all orders of the users against this book. @returns how many there are */
  async settle(send: Send): Promise<number> {
    const lists = await Promise.all(
      this.#userIds.map((id) => listAll<Order>(send, `/orders?user_id=${id}&limit=1000`)),
    );
    const stored = lists.flat();
    this.#ledger.settle(stored);
    this.#idle = this.#wishes.filter(({ placed }) => placed !== undefined);
    return stored.length;
  }
}
