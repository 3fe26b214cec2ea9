// What the service asks of its storage, whichever that is.
import type { Page } from "@platform/shared/core/page";
import type { Precondition } from "@platform/shared/core/precondition";
import type { OrderStatus } from "./order-status.ts";
import type { Order, OrderDraft } from "./order.ts";

/** A page of the list of orders, oldest first. */
export interface OrderQuery {
  readonly userId: string | undefined;
  readonly status: OrderStatus | undefined;
  /** Only orders after the one with this id. */
  readonly after: string | undefined;
  readonly limit: number;
}

/** The right to place the order of an idempotency key, until it is used, given back or lost. */
export type Claim = {
  readonly key: string;
  /** Tells this claim from any other on the same key. */
  readonly token: string;
};

/** What became of an attempt to claim a key. */
export type ClaimResult =
  | { readonly outcome: "claimed"; readonly claim: Claim }
  /** The key's order has been placed. */
  | { readonly outcome: "placed"; readonly order: Order }
  /** Somebody is placing the key's order at this moment. */
  | { readonly outcome: "at work" }
  /** The key belongs to another order. */
  | { readonly outcome: "other order" };

/** Thrown where a claim was lost to somebody else, who may have placed the order since. */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** Orders, kept. Every method may reject with StorageUnavailable. */
export interface OrderStore {
  /** Stores a new order, and with it that its key is used up. @throws ClaimLost */
  place(draft: OrderDraft, claim?: Claim): Promise<Order>;
  find(id: string): Promise<Order | undefined>;
  /** May give fewer orders than there are and were asked for, if they are large. */
  list(page: OrderQuery): Promise<Page<Order>>;
  /** Moves an order on. @throws OrderNotFound, PreconditionFailed, StatusConflict */
  setStatus(id: string, status: OrderStatus, precondition: Precondition): Promise<Order>;
  /**
   * Claims an idempotency key for a draft. A claim that its process does not renew, because it died,
   * lapses within 10 s.
   *
   * @param fingerprint the same for equal drafts, and only for them
   */
  claim(key: string, fingerprint: string): Promise<ClaimResult>;
  /** Gives a claim back, so that the key can be used at once. */
  release(claim: Claim): Promise<void>;
  /** Forgets up to `most` keys whose orders were placed before `time`, in ms; tells how many. */
  forgetKeys(time: number, most: number): Promise<number>;
}
