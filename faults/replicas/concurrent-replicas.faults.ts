// Two replicas of each service share a database file and behave like one service.
import { expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { bodyOfStatus, fetchClient, listAll, type Send } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser, newOrder } from "../support/platform/resources.ts";
import { UserBook, type AfterChange } from "../support/platform/user-book.ts";
import { amount } from "../support/scale.ts";
import { raceForEmail, raceForKey } from "./races.ts";

const processes = processTests();
const loadSeconds = amount({ full: 30, fast: 8 });

/** Expects that the replica of `send`, which did not make a change, returns the changed resource. */
function expectAt<T>(send: Send, path: string): AfterChange<T> {
  return async (id, state) => {
    const found = bodyOfStatus(await send("GET", `${path}/${id}`), state === undefined ? 404 : 200);
    if (state === undefined || Bun.deepEquals(found, state)) return;
    throw new Error(`Written ${JSON.stringify(state)}, read ${JSON.stringify(found)}`);
  };
}

/** Each replica's share of a counter's sum. */
async function shares(replicas: readonly Running[], counter: string): Promise<number[]> {
  const counts = await Promise.all(
    replicas.map(async ({ fetch }) => {
      const metrics = await (await fetch("/metrics")).text();
      return Number(new RegExp(`^${counter} (\\d+)$`, "m").exec(metrics)?.[1]);
    }),
  );
  const sum = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / sum);
}

test("two replicas of each service show clients the same data, and share the commits fairly", async () => {
  await using stack = new AsyncDisposableStack();
  const start = async (service: "user-service" | "order-service", env = {}) =>
    stack.use(await processes.start(service, env));
  const users = [await start("user-service"), await start("user-service")] as const;
  const orders = [
    await start("order-service", { USER_SERVICE_URL: users[0].url }),
    await start("order-service", { USER_SERVICE_URL: users[1].url }),
  ] as const;

  let maxMs = 0;
  const timed = ({ url }: Running): Send => {
    const send = fetchClient(url);
    return async (...request) => {
      const startedAt = performance.now();
      const response = await send(...request);
      maxMs = Math.max(maxMs, performance.now() - startedAt);
      return response;
    };
  };
  const usersAt = [timed(users[0]), timed(users[1])] as const;
  const ordersAt = [timed(orders[0]), timed(orders[1])] as const;
  const userIds = await Promise.all(
    [0, 1, 2, 3].map((n) => createUser(users[n % 2 === 0 ? 0 : 1], n)),
  );
  const racerId = await createUser(users[0], 4);
  const userBook = new UserBook();
  const orderBook = new OrderBook(userIds);

  // A caller writes to one replica only, so that a slow replica gets fewer writes.
  const loads = ([0, 1] as const).flatMap((here) => {
    const there = here === 0 ? 1 : 0;
    return [
      repeat(16, () => userBook.change(usersAt[here], expectAt(usersAt[there], "/users"))),
      repeat(16, async () => {
        const planned = orderBook.plan();
        await orderBook.place(ordersAt[here], planned);
        await expectAt(ordersAt[there], "/orders")(planned.placed?.id ?? "", planned.placed);
        orderBook.putBack(planned);
        await orderBook.advance(ordersAt[here], expectAt(ordersAt[there], "/orders"));
        await orderBook.repeat(ordersAt[there]);
      }),
      repeat(1, async () => {
        bodyOfStatus(await usersAt[here]("GET", "/users?limit=50"), 200);
        bodyOfStatus(await ordersAt[here]("GET", "/orders?status=pending&limit=50"), 200);
      }),
    ];
  });
  let races = 0;
  loads.push(
    repeat(1, async (n) => {
      await raceForEmail([...usersAt, ...usersAt], n);
      await raceForKey([...ordersAt, ...ordersAt], "/orders", newOrder(racerId, n), `race-${n}`);
      const racer = { name: "Racer", email: `key-race${n}@example.com` };
      await raceForKey([...usersAt, ...usersAt], "/users", racer, `race-${n}`);
      races = n + 1;
    }),
  );
  await Bun.sleep(loadSeconds * 1000);
  await Promise.all(loads.map((load) => load.stop()));

  for (const send of usersAt) await userBook.settle(send);
  for (const send of ordersAt) {
    await orderBook.settle(send);
    expect(await listAll(send, `/orders?user_id=${racerId}&limit=1000`)).toHaveLength(races);
  }
  for (const replicas of [users, orders]) {
    for (const counter of ["storage_commit_batch_size_count", "storage_commit_batch_size_sum"]) {
      const found = await shares(replicas, counter);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(0.25);
      console.log(`${counter}: ${found.map((share) => share.toFixed(2)).join(" and ")}`);
    }
  }
  console.log(
    `${loadSeconds} s: ${userBook.responses} changes of users and ${orderBook.responses} of orders, ` +
      `${races} races each, the longest response took ${Math.round(maxMs)} ms`,
  );
});
