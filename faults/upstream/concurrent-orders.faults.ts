// Many callers place orders while user-service fails and recovers.
import { expect, test } from "bun:test";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { fetchClient, listAll } from "../support/clients.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { repeat } from "../support/load.ts";
import { healthy, user, userJson } from "../support/platform/fake-user-service.ts";
import { createUser, newOrder, type Order } from "../support/platform/resources.ts";
import { crash, startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import {
  http,
  resetConnections,
  respond,
  respondAndReset,
} from "../support/upstream-behaviours.ts";
import { attemptMs, startOrderService } from "./order-service-with-upstream.ts";

const callers = 64;
const enough = amount({ full: 500, fast: 100 });

/** Callers that place orders, every other one with an idempotency key. */
function placeOrders(orders: Pick<Running, "url">, userId: string) {
  const send = fetchClient(orders.url);
  const statuses = new Map<string, number>();
  const counts: Record<number, number> = {};
  const load = repeat(callers, async (n) => {
    const json = newOrder(userId, n);
    const headers: Record<string, string> = n % 2 ? { "idempotency-key": `key-${n}` } : {};
    const { status } = await send("POST", "/orders", { json, headers });
    statuses.set(`ARTICLE-${n}`, status);
    counts[status] = (counts[status] ?? 0) + 1;
    if (status !== 201) await Bun.sleep(20);
  });
  return {
    /** Resolves when so many more responses had this status. */
    async more(status: number, count = enough) {
      const aim = (counts[status] ?? 0) + count;
      await load.until(() => (counts[status] ?? 0) >= aim);
    },
    /** Ends the load and compares the responses with the stored orders. @returns the statuses */
    async settle() {
      await load.stop();
      const stored = await listAll<Order>(send, "/orders?limit=1000");
      const articles = stored.map(({ items }) => items[0]?.sku ?? "");
      const placed = [...statuses]
        .filter(([, status]) => status === 201)
        .map(([article]) => article);
      expect(articles.toSorted()).toEqual(placed.toSorted());
      return counts;
    },
  };
}

test.concurrent("POST /orders stores exactly what it confirmed while user-service crashes, restarts and freezes", async () => {
  await using platform = await startPlatform({
    orders: { USER_SERVICE_TIMEOUT_MS: String(attemptMs) },
  });
  const { folder, users, orders } = platform;
  const load = placeOrders(orders, await createUser(users));
  await load.more(201);
  await crash(users);
  await load.more(503);
  const env = { PORT: String(users.port) };
  await using back = await startExecutable("user-service", { cwd: folder, env });
  await load.more(201);
  back.kill("SIGSTOP");
  await load.more(503);
  back.kill("SIGCONT");
  await load.more(201);
  const counts = await load.settle();
  // A response that was cut in the middle gives 502.
  const { 201: placed = 0, 502: failed = 0, 503: refused = 0, ...others } = counts;
  expect(others).toEqual({});
  expect(failed).toBeLessThanOrEqual(callers);
  expect(placed).toBeGreaterThanOrEqual(3 * enough);
  expect(refused).toBeGreaterThanOrEqual(2 * enough);
});

test.concurrent("POST /orders stores exactly what it confirmed while user-service misbehaves in turn", async () => {
  await using upstream = await startFakeUpstream(healthy);
  await using orders = await startOrderService(upstream.url);
  const load = placeOrders(orders, user.id);
  const troubles: [Behaviour, number][] = [
    [respond(http("200 OK", "<html>")), 502],
    [respond(http("500 Internal Server Error")), 503],
    [respondAndReset(http("200 OK", userJson).subarray(0, -9)), 503],
    [{}, 503],
    [resetConnections, 503],
  ];
  for (const [trouble, status] of troubles) {
    await load.more(201);
    upstream.restart(trouble);
    await load.more(status);
    upstream.restart(healthy);
  }
  await load.more(201);
  const { 201: _, 502: __, 503: ___, ...others } = await load.settle();
  expect(others).toEqual({});
});
