// Replicas that are replaced one by one while they are used: nobody notices.
import { expect, test } from "bun:test";
import { startExecutable, type ServiceName } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { startBalancer, type Balancer } from "./load-balancer.ts";
import { bodyOfStatus, fetchClient, socketClient, type Send } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/platform.ts";
import { UserBook } from "../support/platform/user-book.ts";

// Many times what it takes the balancer to see that an instance is not ready any more.
const drain = { SHUTDOWN_DRAIN_MS: "2000" };

test("no request fails while all replicas of both services are replaced, one by one", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  await using stack = new AsyncDisposableStack();
  const users = stack.use(await startBalancer());
  const orders = stack.use(await startBalancer());
  const start = async (service: ServiceName) => {
    const env = { USER_SERVICE_URL: users.url, ...drain };
    const running = stack.use(await startExecutable(service, { cwd, env }));
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
  const clients = (balancer: Balancer) =>
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
        const wish = orderBook.wish();
        await orderBook.place(send, wish);
        orderBook.putBack(wish);
        await orderBook.moveOn(send);
        await orderBook.repeat(send);
        bodyOfStatus(await send("GET", `/orders/${wish.placed?.id}`), 200);
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
