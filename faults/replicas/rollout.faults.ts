// Replicas that are replaced one by one under load, without a failed request.
import { expect, test } from "bun:test";
import type { ServiceName } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { bodyOfStatus, fetchClient, socketClient, type Send } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/resources.ts";
import { UserBook } from "../support/platform/user-book.ts";
import { startLoadBalancer, type LoadBalancer } from "./load-balancer.ts";

const processes = processTests();

// Many times as long as the load balancer needs to notice that an instance is not ready.
const drain = { SHUTDOWN_DRAIN_MS: "2000" };

test("no client sees a failed request while all replicas of both services are replaced", async () => {
  await using stack = new AsyncDisposableStack();
  const users = stack.use(await startLoadBalancer());
  const orders = stack.use(await startLoadBalancer());
  const start = async (service: ServiceName) => {
    const env = { USER_SERVICE_URL: users.url, ...drain };
    const running = stack.use(await processes.start(service, env));
    await (service === "user-service" ? users : orders).add(running);
    return running;
  };
  const replaced = [
    ["user-service", users, await start("user-service")],
    ["order-service", orders, await start("order-service")],
    ["user-service", users, await start("user-service")],
    ["order-service", orders, await start("order-service")],
  ] as const;

  const send = fetchClient(users.url);
  const userBook = new UserBook();
  const [[, , first]] = replaced;
  const orderBook = new OrderBook([await createUser(first, 0), await createUser(first, 1)]);
  let requests = 0;
  const counted =
    (send: Send): Send =>
    (...request) => {
      requests += 1;
      return send(...request);
    };
  const clients = (balancer: LoadBalancer) =>
    [...Array(3)].flatMap(() => [fetchClient(balancer.url), socketClient(balancer)]).map(counted);
  const loads = [
    ...clients(users).map((send) =>
      repeat(1, () =>
        userBook.change(send, async (id, user) => {
          bodyOfStatus(await send("GET", `/users/${id}`), user === undefined ? 404 : 200);
        }),
      ),
    ),
    ...clients(orders).map((send) =>
      repeat(1, async () => {
        const planned = orderBook.plan();
        await orderBook.place(send, planned);
        orderBook.putBack(planned);
        await orderBook.advance(send);
        await orderBook.repeat(send);
        bodyOfStatus(await send("GET", `/orders/${planned.placed?.id}`), 200);
      }),
    ),
  ];

  for (const [service, balancer, old] of replaced) {
    await start(service);
    old.kill("SIGTERM");
    await balancer.drop(old);
    expect(await old.exited).toBe(0);
  }
  await Promise.all(loads.map((load) => load.stop()));
  await userBook.settle(send);
  await orderBook.settle(fetchClient(orders.url));
  console.log(`${requests} requests through 4 replacements`);
});
