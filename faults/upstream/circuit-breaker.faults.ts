// user-service is left alone while it is in trouble, and found again when it is well.
import { describe, expect, test } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import { healthy } from "../support/platform/fake-user-service.ts";
import { httpResponse, resetConnections, respond } from "../support/upstream-behaviours.ts";
import { repeat } from "../support/load.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import {
  callsOf,
  circuitOf,
  expectRefusal,
  marginMs,
  startOrders,
  tryMs,
} from "./order-service-with-upstream.ts";
import { createUser, newOrder, sending, startPlatform } from "../support/platform/platform.ts";

const openMs = 5000;
const failing = respond(httpResponse("500 Internal Server Error"));

/** Places orders, one after the other, until one is not refused. @returns how many were */
async function untilPlaced(place: () => Promise<Response>): Promise<number> {
  for (let refused = 0; ; refused += 1) {
    const response = await place();
    if (response.status === 201) return refused;
    await expectRefusal(Promise.resolve(response), 503);
    await Bun.sleep(20);
  }
}

describe("a user-service in trouble", () => {
  test.concurrent.each<[string, Behaviour, number]>([
    ["fails", failing, 502],
    ["hangs", {}, 503],
    ["hangs up", resetConnections, 503],
  ])("that %s is left alone for 5 s after five calls, and found again", async (_, bad, status) => {
    await using upstream = await startFakeUpstream(bad);
    await using orders = await startOrders(upstream.url);
    for (let n = 0; n < 4; n += 1) await expectRefusal(orders.place(n), status);
    expect(await circuitOf(orders)).toBe(0);
    const fifthAt = performance.now();
    await expectRefusal(orders.place(4), status);
    const openAt = performance.now();
    expect(await circuitOf(orders)).toBe(2);

    upstream.restart(healthy);
    const refused = await untilPlaced(() => orders.place(5));
    expect(performance.now() - fifthAt).toBeGreaterThan(openMs);
    expect(performance.now() - openAt).toBeLessThan(openMs + 2 * marginMs);
    expect(upstream.calls).toBe(1);
    expect(await circuitOf(orders)).toBe(0);
    const calls = await callsOf(orders);
    expect(calls).toMatchObject({ 200: 1, circuit_open: refused });
    expect(await orders.stored()).toHaveLength(1);
  });

  test.concurrent("that is still in trouble after 5 s is found out about by one call, not by all", async () => {
    await using upstream = await startFakeUpstream(failing);
    await using orders = await startOrders(upstream.url);
    for (let n = 0; n < 5; n += 1) await expectRefusal(orders.place(n), 502);
    upstream.restart({});
    const load = repeat(20, async (n) => {
      await expectRefusal(orders.place(n), 503);
      await Bun.sleep(20);
    });
    while ((await circuitOf(orders)) !== 1) await Bun.sleep(10);
    while ((await circuitOf(orders)) === 1) await Bun.sleep(10);
    expect(await circuitOf(orders)).toBe(2);
    await load.stop();
    expect(upstream.calls).toBeGreaterThan(0);
    expect(upstream.calls).toBeLessThanOrEqual(3);
    upstream.restart(healthy);
    await untilPlaced(() => orders.place(0));
    expect(await orders.stored()).toHaveLength(1);
  });
});

describe("a user-service that can be asked stays asked", () => {
  test.each<[string, Behaviour, number]>([
    ["does not know many users", respond(httpResponse("404 Not Found")), 400],
    ["answers nonsense", respond(httpResponse("200 OK", "<html>")), 502],
  ])("though it %s", async (_, behaviour, status) => {
    await using upstream = await startFakeUpstream(behaviour);
    await using orders = await startOrders(upstream.url);
    for (let n = 0; n < 20; n += 1) await expectRefusal(orders.place(n), status);
    expect(upstream.calls).toBe(20);
    expect(await circuitOf(orders)).toBe(0);
  });

  test("though it fails now and then", async () => {
    await using upstream = await startFakeUpstream(healthy);
    await using orders = await startOrders(upstream.url);
    for (let round = 0; round < 3; round += 1) {
      upstream.behave(failing);
      for (let n = 0; n < 4; n += 1) await expectRefusal(orders.place(n), 502);
      upstream.behave(healthy);
      expect((await orders.place(round)).status).toBe(201);
    }
    expect(await circuitOf(orders)).toBe(0);
  });
});

test("when user-service comes back where it was, orders go on without anybody's doing", async () => {
  await using platform = await startPlatform({
    orders: { USER_SERVICE_TIMEOUT_MS: String(tryMs) },
  });
  const { folder, orders, users } = platform;
  const userId = await createUser(users);
  const place = (n: number) => orders.fetch("/orders", sending("POST", newOrder(userId, n)));
  expect((await place(0)).status).toBe(201);
  users.kill("SIGKILL");
  await users.exited;
  for (let n = 1; n <= 20; n += 1) await expectRefusal(place(n), 503);
  const env = { PORT: String(users.port) };
  await using _ = await startExecutable("user-service", { cwd: folder, env });
  const backAt = performance.now();
  await untilPlaced(() => place(21));
  expect(performance.now() - backAt).toBeLessThan(openMs + 2 * marginMs);
  for (let n = 22; n < 30; n += 1) expect((await place(n)).status).toBe(201);
  const stored = (await (await orders.fetch("/orders")).json()) as unknown[];
  expect(stored).toHaveLength(10);
});
