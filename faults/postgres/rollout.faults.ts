// A rollout on one PostgreSQL database: the newer version migrates it while the older one serves.
import { describe, expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { startLoadBalancer, type LoadBalancer } from "../replicas/load-balancer.ts";
import { bodyOfStatus, fetchClient, socketClient, type Send } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/resources.ts";
import { UserBook } from "../support/platform/user-book.ts";
import { amount } from "../support/scale.ts";
import { startNewerVersion } from "./rollout-newer-version.ts";
import { createDatabase } from "./startup-databases.ts";

const processes = processTests();
const sharedRequests = amount({ full: 3000, fast: 300 });

/** What a version may add: the older one knows nothing of it, and neither reads nor writes it. */
const additions = {
  "user-service": `
    ALTER TABLE users ADD COLUMN note text NOT NULL DEFAULT '';
    CREATE INDEX users_by_note ON users (note)`,
  "order-service": `
    ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT '';
    CREATE TABLE parcels (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders (id))`,
} as const;

const services = ["user-service", "order-service"] as const;

describe.if(hasPostgres)("a rollout on PostgreSQL", () => {
  test("no client sees a failed request while both versions serve, and all old replicas go", async () => {
    await using stack = new AsyncDisposableStack();
    const databases = {
      "user-service": stack.use(await createDatabase()),
      "order-service": stack.use(await createDatabase()),
    };
    const balancers = {
      "user-service": stack.use(await startLoadBalancer()),
      "order-service": stack.use(await startLoadBalancer()),
    };
    const environment = (service: (typeof services)[number]) => ({
      DATABASE_URL: databases[service].url,
      USER_SERVICE_URL: balancers["user-service"].url,
      // Many times as long as the load balancer needs to notice that an instance is not ready.
      SHUTDOWN_DRAIN_MS: "2000",
    });
    const old: [(typeof services)[number], Running][] = [];
    for (const service of [...services, ...services]) {
      const running = stack.use(await processes.start(service, environment(service)));
      await balancers[service].add(running);
      old.push([service, running]);
    }

    let requests = 0;
    const clients = (balancer: LoadBalancer) =>
      [fetchClient(balancer.url), socketClient(balancer), socketClient(balancer)].map(
        (send): Send =>
          (...request) => {
            requests += 1;
            return send(...request);
          },
      );
    const { "user-service": users, "order-service": orders } = balancers;
    const fetching = { fetch: (path: string, init?: RequestInit) => fetch(users.url + path, init) };
    const userIds = [await createUser(fetching, 0), await createUser(fetching, 1)];
    const userBook = new UserBook();
    const orderBook = new OrderBook(userIds);
    const read = async (send: Send, paths: readonly string[]) => {
      for (const path of paths) bodyOfStatus(await send("GET", path), 200);
    };
    const loads = [
      ...clients(users).map((send) =>
        repeat(1, async () => {
          await userBook.change(send);
          await read(send, [
            `/users/${userIds[0]}`,
            `/users?ids=${userIds.join(",")}`,
            "/users?email=user0@example.com",
            "/users?sort=-name&limit=10",
          ]);
        }),
      ),
      ...clients(orders).map((send) =>
        repeat(1, async () => {
          const planned = orderBook.plan();
          await orderBook.place(send, planned);
          orderBook.putBack(planned);
          await orderBook.advance(send);
          await orderBook.repeat(send);
          await read(send, [
            `/orders/${planned.placed?.id}`,
            `/orders?user_id=${userIds[0]}&limit=10`,
            "/orders?status=pending&limit=10",
          ]);
        }),
      ),
    ];
    const serveMore = async (count: number) => {
      const enough = requests + count;
      for (const load of loads) await load.until(() => requests >= enough);
    };

    await serveMore(sharedRequests);
    for (const service of services) {
      const newer = await startNewerVersion(service, additions[service], environment(service));
      stack.use(newer);
      const { from, to } = await newer.logged("migrated");
      expect(Number(to) - Number(from)).toBe(1);
      await balancers[service].add(newer);
    }
    await serveMore(sharedRequests);
    for (const [service, running] of old) {
      running.kill("SIGTERM");
      await balancers[service].drop(running);
      expect(await running.exited).toBe(0);
    }
    await serveMore(sharedRequests);

    await Promise.all(loads.map((load) => load.stop()));
    await userBook.settle(fetchClient(users.url));
    await orderBook.settle(fetchClient(orders.url));
    for (const [service, running] of old) {
      expect(running.lines.filter(({ level }) => level !== "info")).toEqual([]);
      // A replica of the older version that crashes now cannot come back.
      const { status, stderr } = await processes.run(service, [], environment(service));
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining("run a newer program"),
      });
    }
    console.log(`${requests} requests to two versions`);
  });
});
