// The circuit breaker spares a failing user-service, and finds it again when it is healthy.
import { describe, expect, test } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { repeat } from "../support/load.ts";
import { healthy, userNotFound } from "../support/platform/fake-user-service.ts";
import { createUser, newOrder, sending } from "../support/platform/resources.ts";
import { crash, startPlatform } from "../support/platform/services.ts";
import { http, resetConnections, respond } from "../support/upstream-behaviours.ts";
import {
  attemptCounts,
  attemptMs,
  circuitState,
  expectRefusal,
  marginMs,
  startOrderService,
} from "./order-service-with-upstream.ts";

const resetTimeoutMs = 5000;
const failing = respond(http("500 Internal Server Error"));

/** Places orders one by one until one is accepted. @returns how many were refused */
async function untilPlaced(place: () => Promise<Response>): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    const response = await place();
    if (response.status === 201) return refused;
    await expectRefusal(Promise.resolve(response), 503);
    await Bun.sleep(20);
  }
}

describe("circuit breaker", () => {
  test.concurrent.each<[string, Behaviour, number]>([
    ["fails", failing, 502],
    ["hangs", {}, 503],
    ["closes connections", resetConnections, 503],
  ])(
    "opens for 5 s after five calls to a user-service that %s, and closes again",
    async (_, behaviour, status) => {
      await using upstream = await startFakeUpstream(behaviour);
      await using orders = await startOrderService(upstream.url);
      for (let n = 0; n < 4; n += 1) await expectRefusal(orders.place(n), status);
      expect(await circuitState(orders)).toBe(0);
      const fifthAt = performance.now();
      await expectRefusal(orders.place(4), status);
      const openAt = performance.now();
      expect(await circuitState(orders)).toBe(2);

      upstream.restart(healthy);
      const refused = await untilPlaced(() => orders.place(5));
      expect(performance.now() - fifthAt).toBeGreaterThan(resetTimeoutMs);
      expect(performance.now() - openAt).toBeLessThan(resetTimeoutMs + 2 * marginMs);
      expect(upstream.calls).toBe(1);
      expect(await circuitState(orders)).toBe(0);
      const calls = await attemptCounts(orders);
      expect(calls).toMatchObject({ 200: 1, circuit_open: refused });
      expect(await orders.stored()).toHaveLength(1);
    },
  );

  test.concurrent("tests a user-service that still fails after 5 s with one call, not with all", async () => {
    await using upstream = await startFakeUpstream(failing);
    await using orders = await startOrderService(upstream.url);
    for (let n = 0; n < 5; n += 1) await expectRefusal(orders.place(n), 502);
    upstream.restart({});
    const load = repeat(20, async (n) => {
      await expectRefusal(orders.place(n), 503);
      await Bun.sleep(20);
    });
    await upstream.called();
    while ((await circuitState(orders)) === 1) await Bun.sleep(10);
    expect(await circuitState(orders)).toBe(2);
    await load.stop();
    expect(upstream.calls).toBeGreaterThan(0);
    expect(upstream.calls).toBeLessThanOrEqual(3);
    upstream.restart(healthy);
    await untilPlaced(() => orders.place(0));
    expect(await orders.stored()).toHaveLength(1);
  });
});

describe("circuit breaker stays closed for a user-service that", () => {
  test.concurrent.each<[string, Behaviour, number]>([
    ["knows none of the users", respond(userNotFound), 400],
    ["is behind a gateway without its route", respond(http("404 Not Found")), 502],
    ["sends nonsense", respond(http("200 OK", "<html>")), 502],
  ])("%s", async (_, behaviour, status) => {
    await using upstream = await startFakeUpstream(behaviour);
    await using orders = await startOrderService(upstream.url);
    for (let n = 0; n < 20; n += 1) await expectRefusal(orders.place(n), status);
    expect(upstream.calls).toBe(20);
    expect(await circuitState(orders)).toBe(0);
  });

  test.concurrent("fails now and then", async () => {
    await using upstream = await startFakeUpstream(healthy);
    await using orders = await startOrderService(upstream.url);
    for (let round = 0; round < 3; round += 1) {
      upstream.behave(failing);
      for (let n = 0; n < 4; n += 1) await expectRefusal(orders.place(n), 502);
      upstream.behave(healthy);
      expect((await orders.place(round)).status).toBe(201);
    }
    expect(await circuitState(orders)).toBe(0);
  });
});

test.concurrent("POST /orders succeeds again by itself when user-service is back at its address", async () => {
  await using platform = await startPlatform({
    orders: { USER_SERVICE_TIMEOUT_MS: String(attemptMs) },
  });
  const { folder, orders, users } = platform;
  const userId = await createUser(users);
  const place = (n: number) => orders.fetch("/orders", sending("POST", newOrder(userId, n)));
  expect((await place(0)).status).toBe(201);
  await crash(users);
  for (let n = 1; n <= 20; n += 1) await expectRefusal(place(n), 503);
  const env = { PORT: String(users.port) };
  await using _ = await startExecutable("user-service", { cwd: folder, env });
  const backAt = performance.now();
  await untilPlaced(() => place(21));
  expect(performance.now() - backAt).toBeLessThan(resetTimeoutMs + 2 * marginMs);
  for (let n = 22; n < 30; n += 1) expect((await place(n)).status).toBe(201);
  const stored = (await (await orders.fetch("/orders")).json()) as unknown[];
  expect(stored).toHaveLength(10);
});
