// Both services as processes that talk to each other.
import { describe, expect, test } from "bun:test";
import { startCollector } from "@platform/shared/testing/collector";
import type { Running } from "@platform/shared/testing/executable";
import { heldCall } from "@platform/shared/testing/held-call";
import { processEngines } from "@platform/shared/testing/process-engines";
import { processTests } from "@platform/shared/testing/process-tests";
import { sending } from "@platform/shared/testing/work-counter";
import type { Order } from "../src/orders/order.ts";
import { userId, wish } from "./order-service.ts";

const order = (orders: Running, user_id: string, headers = {}) =>
  orders.fetch("/orders", sending("POST", { ...wish, user_id }, headers));

async function all({ fetch }: Running): Promise<Order[]> {
  return (await fetch("/orders?limit=1000")).json() as Promise<Order[]>;
}

describe.each(processEngines)("both services on %s", (name, engine) => {
  const { start } = processTests(engine);

  /** Starts user-service, with one user, and what order-service needs to know about it. */
  async function startUsers(traced: Readonly<Record<string, string>> = {}) {
    const users = await start("user-service", traced);
    const alice = sending("POST", { name: "Alice", email: "alice@example.com" });
    const { id: user } = (await (await users.fetch("/users", alice)).json()) as { id: string };
    const env = { USER_SERVICE_URL: users.url, ...traced };
    return { ...users, user, env };
  }

  test("POST /orders has one request id and one trace id in the logs of both services", async () => {
    await using users = await startUsers();
    const { user, env } = users;
    await using orders = await start("order-service", env);
    const response = await order(orders, user, { "x-request-id": "shared-id" });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ user_id: user, total_amount: 45.48 });

    users.kill("SIGTERM");
    orders.kill("SIGTERM");
    expect(await Promise.all([users.exited, orders.exited])).toEqual([0, 0]);
    for (const { lines } of [users, orders]) {
      const request = { msg: "request", request_id: "shared-id", level: "info" };
      expect(lines).toContainEqual(expect.objectContaining(request));
    }
    const traces = [...users.lines, ...orders.lines]
      .filter(({ request_id }) => request_id === "shared-id")
      .map(({ trace_id }) => trace_id);
    expect(new Set(traces).size).toBe(1);
  });

  test("POST /orders is one trace: the request, its call, the request of that, and the stored order", async () => {
    await using collector = startCollector();
    await using users = await startUsers({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await using orders = await start("order-service", users.env);
    expect((await order(orders, users.user)).status).toBe(201);
    users.kill("SIGTERM");
    orders.kill("SIGTERM");
    expect(await Promise.all([users.exited, orders.exited])).toEqual([0, 0]);

    const { traceId } = await collector.accepted(({ name }) => name === "POST /orders");
    const trace = collector.spans.filter((span) => span.traceId === traceId);
    const find = (name: string, kind: string) =>
      trace.find((span) => span.name === name && span.kind === kind);
    const request = find("POST /orders", "server");
    const call = find("GET /users/{id}", "client");
    const write = find("write", "internal");
    expect(trace).toHaveLength(4);
    expect(request).toMatchObject({ parentSpanId: undefined });
    expect(call).toMatchObject({ parentSpanId: request?.spanId });
    expect(find("GET /users/{id}", "server")).toMatchObject({ parentSpanId: call?.spanId });
    expect(write).toMatchObject({
      parentSpanId: request?.spanId,
      attributes: { "db.system.name": name.toLowerCase() },
    });
    for (const child of [call, write]) {
      expect(child?.startUs).toBeGreaterThanOrEqual(request?.startUs ?? NaN);
      expect(child?.endUs).toBeLessThanOrEqual(request?.endUs ?? NaN);
    }
    expect(write?.startUs).toBeGreaterThanOrEqual(call?.endUs ?? NaN);
    const sources = collector.batches.map(({ resource }) => resource["service.name"]);
    expect(new Set(sources)).toEqual(new Set(["user-service", "order-service"]));
  });

  test("POST /orders ignores HTTP_PROXY when it asks user-service", async () => {
    await using users = await startUsers();
    const proxy = "http://127.0.0.1:1";
    const env = { ...users.env, HTTP_PROXY: proxy, http_proxy: proxy };
    await using orders = await start("order-service", env);
    expect((await order(orders, users.user)).status).toBe(201);
  });

  test("GET /orders works without user-service, and POST /orders again when it is back", async () => {
    const first = await startUsers();
    const { user, env } = first;
    await using orders = await start("order-service", env);
    expect((await order(orders, user)).status).toBe(201);

    await first[Symbol.asyncDispose]();
    const refused = await order(orders, user);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ detail: "User service unavailable" });
    expect((await orders.fetch("/ready")).status).toBe(200);
    expect(await all(orders)).toHaveLength(1);

    await using _ = await start("user-service", { PORT: String(first.port) });
    expect((await order(orders, user)).status).toBe(201);
    expect(await all(orders)).toHaveLength(2);
  });

  test("POST /orders makes one order for one key, on every replica and after a crash", async () => {
    await using users = await startUsers();
    const { user, env } = users;
    await using one = await start("order-service", env);
    await using two = await start("order-service", env);
    const key = { "idempotency-key": "one" };
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, n) => order(n % 2 ? one : two, user, key)),
    );
    for (const { status } of responses) expect([201, 409]).toContain(status);

    one.kill("SIGKILL");
    await one.exited;
    await using three = await start("order-service", env);
    const replays = [await order(two, user, key), await order(three, user, key)];
    for (const replay of replays) {
      expect(replay.status).toBe(201);
      expect(replay.headers.get("idempotent-replayed")).toBe("true");
    }
    expect(await all(three)).toHaveLength(1);
  });

  test("POST /orders is 409 with Retry-After while another replica works on the same key", async () => {
    const { call: fetch, called, finish } = heldCall<Response>();
    using users = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
    const env = { USER_SERVICE_URL: users.url.origin, USER_SERVICE_TIMEOUT_MS: "60000" };
    await using one = await start("order-service", env);
    await using two = await start("order-service", env);
    const key = { "idempotency-key": "one" };
    const first = order(one, userId, key);
    await called;
    const second = await order(two, userId, key);
    expect(second.status).toBe(409);
    expect(second.headers.get("retry-after")).not.toBeNull();
    finish(Response.json({ detail: "User not found" }, { status: 404 }));
    expect((await first).status).toBe(400);
  });
});

describe("serve", () => {
  const { run } = processTests();

  test("prints the wrong variables of order-service with those of every service", async () => {
    const env = {
      PORT: "x",
      USER_SERVICE_URL: "http://user:secret@users/path",
      USER_SERVICE_TIMEOUT_MS: "60001",
    };
    const outcome = await run("order-service", [], env);
    expect(outcome.status).toBe(78);
    expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(3);
    expect(outcome.stderr).not.toContain("secret");
  });
});
