// Both services as processes that talk to each other.
import { expect, test } from "bun:test";
import { runCommand, startExecutable, type Running } from "@platform/shared/testing/executable";
import { temporaryFolder } from "@platform/shared/testing/temporary-folder";
import type { Order } from "../src/orders/order.ts";
import { userId, wish } from "./order-service.ts";

const json = { "content-type": "application/json" };

async function createUser(users: Running): Promise<string> {
  const response = await users.fetch("/users", {
    method: "POST",
    headers: json,
    body: JSON.stringify({ name: "Alice", email: "alice@example.com" }),
  });
  return ((await response.json()) as { id: string }).id;
}

function order(orders: Running, user_id: string, headers: Record<string, string> = {}) {
  return orders.fetch("/orders", {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify({ ...wish, user_id }),
  });
}

async function all({ fetch }: Running): Promise<Order[]> {
  return (await fetch("/orders?limit=1000")).json() as Promise<Order[]>;
}

test("POST /orders has one request id and one trace id in the logs of both services", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable("user-service", { cwd });
  const env = { USER_SERVICE_URL: users.url };
  await using orders = await startExecutable("order-service", { cwd, env });
  const user = await createUser(users);
  const response = await order(orders, user, { "x-request-id": "shared-id" });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({ user_id: user, total_amount: 45.48 });

  users.kill("SIGTERM");
  orders.kill("SIGTERM");
  expect(await Promise.all([users.exited, orders.exited])).toEqual([0, 0]);
  for (const { lines } of [users, orders]) {
    const line = lines.find(
      ({ msg, request_id }) => msg === "request" && request_id === "shared-id",
    );
    expect(line).toMatchObject({ level: "info" });
  }
  const traces = [...users.lines, ...orders.lines]
    .filter(({ request_id }) => request_id === "shared-id")
    .map(({ trace_id }) => trace_id);
  expect(new Set(traces).size).toBe(1);
});

test("POST /orders ignores HTTP_PROXY when it asks user-service", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable("user-service", { cwd });
  const proxy = "http://127.0.0.1:1";
  const env = { USER_SERVICE_URL: users.url, HTTP_PROXY: proxy, http_proxy: proxy };
  await using orders = await startExecutable("order-service", { cwd, env });
  expect((await order(orders, await createUser(users))).status).toBe(201);
});

test("GET /orders works without user-service, and POST /orders again when it is back", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const first = await startExecutable("user-service", { cwd });
  const user = await createUser(first);
  const env = { USER_SERVICE_URL: first.url };
  await using orders = await startExecutable("order-service", { cwd, env });
  expect((await order(orders, user)).status).toBe(201);

  await first[Symbol.asyncDispose]();
  const refused = await order(orders, user);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ detail: "User service unavailable" });
  expect((await orders.fetch("/ready")).status).toBe(200);
  expect(await all(orders)).toHaveLength(1);

  const back = { PORT: String(first.port) };
  await using _ = await startExecutable("user-service", { cwd, env: back });
  expect((await order(orders, user)).status).toBe(201);
  expect(await all(orders)).toHaveLength(2);
});

test("POST /orders makes one order for one key, on every replica and after a crash", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await using users = await startExecutable("user-service", { cwd });
  const user = await createUser(users);
  const env = { USER_SERVICE_URL: users.url };
  await using one = await startExecutable("order-service", { cwd, env });
  await using two = await startExecutable("order-service", { cwd, env });
  const key = { "idempotency-key": "one" };
  const responses = await Promise.all(
    Array.from({ length: 20 }, (_, n) => order(n % 2 ? one : two, user, key)),
  );
  for (const { status } of responses) expect([201, 409]).toContain(status);

  one.kill("SIGKILL");
  await one.exited;
  await using three = await startExecutable("order-service", { cwd, env });
  const replays = [await order(two, user, key), await order(three, user, key)];
  for (const replay of replays) {
    expect(replay.status).toBe(201);
    expect(replay.headers.get("idempotent-replayed")).toBe("true");
  }
  expect(await all(three)).toHaveLength(1);
});

test("POST /orders is 409 with Retry-After while another replica works on the same key", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const requested = Promise.withResolvers<void>();
  const response = Promise.withResolvers<Response>();
  const users = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch() {
      requested.resolve();
      return response.promise;
    },
  });
  const env = {
    USER_SERVICE_URL: `http://127.0.0.1:${users.port}`,
    USER_SERVICE_TIMEOUT_MS: "60000",
  };
  await using one = await startExecutable("order-service", { cwd, env });
  await using two = await startExecutable("order-service", { cwd, env });
  const key = { "idempotency-key": "one" };
  const first = order(one, userId, key);
  await requested.promise;
  const second = await order(two, userId, key);
  expect(second.status).toBe(409);
  expect(second.headers.get("retry-after")).not.toBeNull();
  response.resolve(new Response(null, { status: 404 }));
  expect((await first).status).toBe(400);
  await users.stop(true);
});

test("serve prints the wrong variables of order-service with those of every service", async () => {
  await using folder = temporaryFolder();
  const env = {
    PORT: "x",
    USER_SERVICE_URL: "http://user:secret@users/path",
    USER_SERVICE_TIMEOUT_MS: "60001",
  };
  const outcome = await runCommand("order-service", [], { cwd: folder.path, env });
  expect(outcome.status).toBe(78);
  expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(3);
  expect(outcome.stderr).not.toContain("secret");
});
