// The switch from one engine to the other as docs/move-to-postgresql.md describes it, under load.
import { expect, test } from "bun:test";
import {
  spawnExecutable,
  startExecutable,
  type Running,
  type ServiceName,
} from "../../shared/testing/executable.ts";
import { postgresDatabase } from "../../shared/testing/postgres.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startLoadBalancer } from "../replicas/load-balancer.ts";
import { bodyOfStatus, fetchClient, listAll, type Send } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { newOrder, newUser, type Order, type User } from "../support/platform/resources.ts";
import { amount } from "../support/scale.ts";
import { serverPath } from "../../shared/test/postgres/server-path.ts";
import { commandUrl } from "./command-url.ts";

/** The time without a success of one kind of request, and how many failed. */
class Interruption {
  requests = 0;
  failures = 0;
  longestMs = 0;
  #lastAt = performance.now();

  /** Repeats a request, with the same key, until it succeeds. */
  async untilDone<T>(attempt: () => Promise<T | undefined>): Promise<T> {
    for (;;) {
      this.requests += 1;
      const result = await attempt().catch(() => undefined);
      const now = performance.now();
      if (result !== undefined) {
        this.longestMs = Math.max(this.longestMs, now - this.#lastAt);
        this.#lastAt = now;
        return result;
      }
      this.failures += 1;
      await Bun.sleep(20);
    }
  }

  text(): string {
    const seconds = (this.longestMs / 1000).toFixed(1);
    return `${this.failures} of ${this.requests} failed, none succeeded for ${seconds} s`;
  }
}

/** Waits until the copy is stored and the old database refuses writes. */
async function copied(moving: { readonly stdout: ReadableStream<Uint8Array> }): Promise<void> {
  const decoder = new TextDecoder();
  let printed = "";
  for await (const chunk of moving.stdout) {
    printed += decoder.decode(chunk, { stream: true });
    if (printed.includes(" is a copy of ")) return;
  }
  throw new Error("move-to has failed");
}

test.concurrent.each([
  ["SQLite", "PostgreSQL"],
  ["PostgreSQL", "SQLite"],
])(
  "both services lose no acknowledged write when they move from %s to %s under load",
  async (from) => {
    const enough = amount({ full: 3000, fast: 300 });
    await using stack = new AsyncDisposableStack();
    const cwd = stack.use(temporaryFolder()).path;
    const databases = new Map<ServiceName, { SQLite: string; PostgreSQL: string }>();
    for (const service of ["user-service", "order-service"]) {
      const { url } = stack.use(await postgresDatabase());
      databases.set(service, { SQLite: `sqlite:${service}.db`, PostgreSQL: url });
    }
    const urlOf = (service: ServiceName, isNew: boolean) => {
      const urls = databases.get(service);
      if (urls === undefined) throw new Error(`No database of ${service}`);
      return isNew === (from === "SQLite") ? urls.PostgreSQL : urls.SQLite;
    };
    const balancers = {
      "user-service": stack.use(await startLoadBalancer()),
      "order-service": stack.use(await startLoadBalancer()),
    };
    type Name = keyof typeof balancers;
    async function start(service: Name, isNew: boolean): Promise<Running> {
      const USER_SERVICE_URL = balancers["user-service"].url;
      const env = { DATABASE_URL: urlOf(service, isNew), USER_SERVICE_URL };
      const running = stack.use(await startExecutable(service, { cwd, env }));
      await balancers[service].add(running);
      return running;
    }
    const old = {
      "user-service": await start("user-service", false),
      "order-service": await start("order-service", false),
    };

    const writes = { users: new Interruption(), orders: new Interruption() };
    const reads = { users: new Interruption(), orders: new Interruption() };
    const users = new Map<string, User>();
    const orders = new Map<string, Order>();
    const sendTo = (service: Name): Send => fetchClient(balancers[service].url);
    const [sendToUsers, sendToOrders] = [sendTo("user-service"), sendTo("order-service")];
    async function create<T>(
      send: Send,
      path: string,
      key: string,
      json: unknown,
    ): Promise<T | undefined> {
      const response = await send("POST", path, { json, headers: { "idempotency-key": key } });
      // A circuit of order-service that is open, a full queue, a database that refuses writes; or an
      // earlier attempt whose connection was closed before its response, and which is still under way.
      if (response.status === 503 || response.status === 409) return undefined;
      return bodyOfStatus(response, 201) as T;
    }
    const newest = <T>(all: ReadonlyMap<string, T>) => [...all.values()].at(0);
    const first = await writes.users.untilDone(() =>
      create<User>(sendToUsers, "/users", "first", newUser(0)),
    );
    users.set("first", first);
    const loads = [
      repeat(4, async (n) => {
        const key = `user-${n}`;
        const attempt = () => create<User>(sendToUsers, "/users", key, newUser(n + 1));
        users.set(key, await writes.users.untilDone(attempt));
      }),
      repeat(4, async (n) => {
        const key = `order-${n}`;
        const attempt = () => create<Order>(sendToOrders, "/orders", key, newOrder(first.id, n));
        orders.set(key, await writes.orders.untilDone(attempt));
      }),
      repeat(1, async () => {
        await reads.users.untilDone(async () =>
          bodyOfStatus(await sendToUsers("GET", `/users/${first.id}`), 200),
        );
      }),
      repeat(1, async () => {
        const { id } = newest(orders) ?? {};
        if (id === undefined) return Bun.sleep(1);
        await reads.orders.untilDone(async () =>
          bodyOfStatus(await sendToOrders("GET", `/orders/${id}`), 200),
        );
      }),
    ];
    const [userLoad, orderLoad] = loads;
    const settled = async () => {
      const [wantedUsers, wantedOrders] = [users.size + enough, orders.size + enough];
      await userLoad?.until(() => users.size >= wantedUsers);
      await orderLoad?.until(() => orders.size >= wantedOrders);
    };

    await settled();
    for (const service of ["user-service", "order-service"] as const) {
      const moving = spawnExecutable(service, ["move-to", commandUrl(urlOf(service, true))], {
        cwd,
        env: { DATABASE_URL: commandUrl(urlOf(service, false)) },
        stdout: "pipe",
      });
      await copied(moving);
      old[service].kill("SIGTERM");
      expect(await old[service].exited).toBe(0);
      await balancers[service].drop(old[service]);
      moving.kill("SIGINT");
      expect(await moving.exited).toBe(0);
      await start(service, true);
      await settled();
    }
    await Promise.all(loads.map((load) => load.stop()));

    const byId = <T extends { id: string }>(all: Iterable<T>) =>
      [...all].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const storedUsers = await listAll<User>(sendToUsers, "/users?limit=1000");
    expect(byId(storedUsers)).toEqual(byId(users.values()));
    const storedOrders = await listAll<Order>(sendToOrders, "/orders?limit=1000");
    expect(byId(storedOrders)).toEqual(byId(orders.values()));
    console.log(
      `user-service: writes: ${writes.users.text()}; reads: ${reads.users.text()}\n` +
        `order-service: writes: ${writes.orders.text()}; reads: ${reads.orders.text()}`,
    );
  },
);

test.concurrent("move-to says that services may have written, within 10 s after its path to PostgreSQL swallows packets", async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await postgresDatabase());
  const cwd = stack.use(temporaryFolder()).path;
  await using users = await startExecutable("user-service", { cwd, env: { DATABASE_URL: url } });
  expect((await users.fetch("/ready")).status).toBe(200);
  const path = stack.use(serverPath(url));
  const moving = spawnExecutable("user-service", ["move-to", "sqlite:users.db"], {
    cwd,
    env: { DATABASE_URL: commandUrl(path.url) },
    stdout: "pipe",
  });
  const told = moving.stderr.text();
  await copied(moving);
  const frozenAt = performance.now();
  path.freeze();
  expect(await moving.exited).toBe(1);
  // A check each second, and 5 s for its response. Services wait for the lock until the server ends the session.
  expect(performance.now() - frozenAt).toBeLessThan(10_000);
  expect(await told).toMatch(
    /\nuser-service: Services may have written to postgres:\S+ since it was copied: [^\n]+\n$/,
  );
});
