// One misbehaviour of user-service, and the recovery after it.
import { expect } from "bun:test";
import { bodyOf } from "../../shared/testing/running-service.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { healthy } from "../support/platform/fake-user-service.ts";
import type { Order } from "../support/platform/resources.ts";
import {
  attemptCounts,
  expectReadable,
  expectRefusal,
  startOrderService,
} from "./order-service-with-upstream.ts";

/** What a misbehaviour leads to. */
export interface Expected {
  /** The status that clients get. */
  readonly status: 400 | 502 | 503;
  /** The label under which the attempts are counted. */
  readonly counted: string;
  /** Whether order-service retries. */
  readonly isRetried: boolean;
}

/**
 * Places orders while user-service behaves like this. Each order is refused as the contract says and
 * leaves nothing behind, its attempts are counted, and orders can be read. Once user-service is
 * healthy, the same request with the same key makes the order.
 */
export async function expectHarmless(behaviour: Behaviour, expected: Expected): Promise<void> {
  const { status, counted, isRetried } = expected;
  await using upstream = await startFakeUpstream(healthy);
  await using orders = await startOrderService(upstream.url);
  expect((await orders.place(0)).status).toBe(201);
  const before = await orders.stored();
  const callsBefore = await attemptCounts(orders);

  upstream.restart(behaviour);
  const refusals = [orders.place(1), orders.place(2, "key")].map((sent) =>
    expectRefusal(sent, status),
  );
  await Promise.all([...refusals, expectReadable(orders, Promise.allSettled(refusals))]);
  const calls = await attemptCounts(orders);
  const { calls: attempts } = upstream;
  expect(calls).toEqual({ ...callsBefore, [counted]: (callsBefore[counted] ?? 0) + attempts });
  if (isRetried) expect(attempts).toBeGreaterThan(2);
  else expect(attempts).toBe(2);
  expect(await orders.stored()).toEqual(before);

  upstream.restart(healthy);
  const again = await orders.place(2, "key");
  expect(again.status).toBe(201);
  expect(again.headers.has("idempotent-replayed")).toBe(false);
  expect(await orders.stored()).toEqual([...before, await bodyOf<Order>(again)]);
}
