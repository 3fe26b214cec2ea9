// One misbehaviour of the upstream, from before to after it.
import { expect } from "bun:test";
import type { Order } from "../../order-service/src/orders/order.ts";
import { bodyOf } from "../../shared/testing/running-service.ts";
import { healthy } from "../support/platform/fake-user-service.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import {
  callsOf,
  expectReadable,
  expectRefusal,
  startOrders,
} from "./order-service-with-upstream.ts";

/** What is to come of it. */
export interface Expected {
  /** What callers are answered. */
  readonly status: 400 | 502 | 503;
  /** How a try is counted. */
  readonly counted: string;
  /** Whether to ask again could help. */
  readonly isTriedAgain: boolean;
}

/**
 * Has orders placed at a neighbour that behaves like this. Each is refused as the contract says and
 * leaves nothing behind, its tries are counted, orders can be read, and when the neighbour is well
 * again, the same request with the same key makes the order.
 */
export async function expectHarmless(behaviour: Behaviour, expected: Expected): Promise<void> {
  const { status, counted, isTriedAgain } = expected;
  await using upstream = await startFakeUpstream(healthy);
  await using orders = await startOrders(upstream.url);
  expect((await orders.place(0)).status).toBe(201);
  const before = await orders.stored();
  const callsBefore = await callsOf(orders);

  upstream.restart(behaviour);
  const refusals = [orders.place(1), orders.place(2, "key")].map((sent) =>
    expectRefusal(sent, status),
  );
  await Promise.all([...refusals, expectReadable(orders, Promise.allSettled(refusals))]);
  const calls = await callsOf(orders);
  const { calls: attempts } = upstream;
  expect(calls).toEqual({ ...callsBefore, [counted]: (callsBefore[counted] ?? 0) + attempts });
  if (isTriedAgain) expect(attempts).toBeGreaterThan(2);
  else expect(attempts).toBe(2);
  expect(await orders.stored()).toEqual(before);

  upstream.restart(healthy);
  const again = await orders.place(2, "key");
  expect(again.status).toBe(201);
  expect(again.headers.has("idempotent-replayed")).toBe(false);
  expect(await orders.stored()).toEqual([...before, await bodyOf<Order>(again)]);
}
