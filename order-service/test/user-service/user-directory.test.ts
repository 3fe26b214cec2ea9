import { describe, expect, test } from "bun:test";
import { createLog } from "@platform/shared/telemetry/logger";
import { startUserService, createUser } from "@platform/user-service/test/user-service";
import { Registry } from "prom-client";
import { userDirectory } from "../../src/user-service/user-directory.ts";
import { userServiceMetrics } from "../../src/user-service/metrics.ts";
import { countOrders, startOrderService, urlOf, userId, wish } from "../order-service.ts";

type Neighbour = (request: Request) => Response | Promise<Response>;

const user = {
  id: userId,
  name: "Alice",
  email: "alice@example.com",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
};

/** An order-service whose neighbour answers as told, and the requests that reached it. */
async function withNeighbour(answer: Neighbour, timeoutMs = 500) {
  const requests: Headers[] = [];
  const neighbour = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch(request) {
      requests.push(new Headers(request.headers));
      return answer(request);
    },
  });
  const service = await startOrderService({
    userServiceUrl: `http://127.0.0.1:${neighbour.port}`,
    timeoutMs,
  });
  return {
    ...service,
    requests,
    async [Symbol.asyncDispose]() {
      await neighbour.stop(true);
      await service[Symbol.asyncDispose]();
    },
  };
}

const calls = (status: string) =>
  `external_service_calls_total{service="user-service",status="${status}"}`;

describe("asking user-service", () => {
  test("a real user-service says yes and no", async () => {
    await using users = await startUserService();
    await using service = await startOrderService({ userServiceUrl: users.url });
    const { id } = await createUser(users);
    const placed = await service.request("/orders", { json: { ...wish, user_id: id } });
    expect(placed.status).toBe(201);
    const refused = await service.request("/orders", { json: wish });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ detail: "User does not exist" });
  });

  test("request id and trace context reach user-service", async () => {
    await using service = await withNeighbour(() => Response.json(user));
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await service.request("/orders", {
      json: wish,
      headers: { "x-request-id": "from-the-edge", traceparent, tracestate: "vendor=1" },
    });
    const [sent] = service.requests;
    expect(sent?.get("x-request-id")).toBe("from-the-edge");
    expect(sent?.get("traceparent")).toBe(traceparent);
    expect(sent?.get("tracestate")).toBe("vendor=1");
    const call = service.lines.find(({ upstream }) => upstream === "user-service");
    expect(call).toMatchObject({
      request_id: "from-the-edge",
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      attempt: 1,
      status: 200,
      duration_ms: expect.any(Number),
    });
  });

  test.each<[string, Neighbour, number, string]>([
    ["500", () => new Response("no", { status: 500 }), 502, "500"],
    [
      "500 as broken JSON",
      () => new Response("{", { status: 500, headers: { "content-type": "application/json" } }),
      502,
      "500",
    ],
    ["502", () => new Response("no", { status: 502 }), 502, "502"],
    ["503", () => Response.json({}, { status: 503 }), 503, "503"],
    ["504", () => Response.json({}, { status: 504 }), 503, "504"],
    ["429", () => Response.json({}, { status: 429 }), 503, "429"],
  ])(
    "a neighbour that keeps answering %s is asked three times",
    async (_, answer, status, counted) => {
      await using service = await withNeighbour(answer);
      const response = await service.request("/orders", { json: wish });
      expect(response.status).toBe(status);
      expect(service.requests).toHaveLength(3);
      expect(await service.metric(calls(counted))).toBe(3);
      expect(await countOrders(service)).toBe(0);
    },
  );

  const json = { headers: { "content-type": "application/json" } };
  test.each<[string, Neighbour, string]>([
    ["garbage", () => new Response("{not json", json), "200"],
    ["HTML", () => new Response("<html>", { headers: { "content-type": "text/html" } }), "200"],
    ["nothing", () => new Response("", json), "200"],
    ["an id alone", () => Response.json({ id: userId }), "200"],
    ["a user without a name", () => Response.json({ ...user, name: null }), "200"],
    [
      "absurd nesting",
      () => new Response(`{"id":"${userId}","x":${"[".repeat(9e4)}${"]".repeat(9e4)}}`, json),
      "200",
    ],
    ["another user", () => Response.json({ ...user, id: userId.replace("0", "1") }), "200"],
    ["no user", () => Response.json([]), "200"],
    ["null", () => Response.json(null), "200"],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "/users/x" } }),
      "302",
    ],
    ["teapot", () => new Response("", { status: 418 }), "418"],
    ["no content", () => new Response(null, { status: 204 }), "204"],
    ["two megabytes", () => Response.json({ ...user, name: "x".repeat(2e6) }), "200"],
    ["two megabytes in pieces", () => new Response(new Blob(["x".repeat(2e6)]).stream()), "200"],
  ])("a neighbour that answers %s is asked once, and not believed", async (_, answer, counted) => {
    await using service = await withNeighbour(answer);
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ detail: "Failed to validate user" });
    expect(service.requests).toHaveLength(1);
    expect(await service.metric(calls(counted))).toBe(1);
    expect(await countOrders(service)).toBe(0);
  });

  test("one bad answer among good ones is made up for", async () => {
    let asked = 0;
    await using service = await withNeighbour(() =>
      asked++ === 0 ? new Response("", { status: 503 }) : Response.json(user),
    );
    expect((await service.request("/orders", { json: wish })).status).toBe(201);
    expect(await service.metric(calls("503"))).toBe(1);
    expect(await service.metric(calls("200"))).toBe(1);
  });

  test("a neighbour that hangs is given up within two and a half time-outs", async () => {
    const timeoutMs = 100;
    const never = Promise.withResolvers<Response>();
    await using service = await withNeighbour(() => never.promise, timeoutMs);
    const startedAt = performance.now();
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ detail: "User service unavailable" });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(timeoutMs * 2);
    expect(await service.metric(calls("timeout"))).toBeGreaterThanOrEqual(2);
    never.resolve(new Response());
  });

  test("a neighbour that is not there makes orders unavailable, not the service", async () => {
    await using service = await startOrderService({ userServiceUrl: "http://127.0.0.1:1" });
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect(await service.metric(calls("error"))).toBe(3);
    expect(service.lines.find(({ upstream }) => upstream === "user-service")).toMatchObject({
      level: "warn",
      status: "error",
      err: { message: expect.stringContaining("connect") },
    });
    expect((await service.request("/orders")).status).toBe(200);
    expect((await service.request("/ready")).status).toBe(200);
  });

  test("after five failed calls the neighbour is left alone, and orders are refused at once", async () => {
    await using service = await withNeighbour(() => new Response("", { status: 500 }));
    for (let n = 0; n < 5; n += 1) await service.request("/orders", { json: wish });
    const asked = service.requests.length;
    expect(await service.metric(`circuit_state{service="user-service"}`)).toBe(2);
    const response = await service.request("/orders", { json: wish });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ detail: "User service unavailable" });
    expect(service.requests).toHaveLength(asked);
    expect(await service.metric(calls("circuit_open"))).toBe(1);
    expect(service.lines.filter(({ msg }) => msg === "call").at(-1)).toMatchObject({
      level: "warn",
      upstream: "user-service",
      attempt: 0,
      status: "circuit_open",
      duration_ms: 0,
    });
  });

  test("more calls at once than Bun makes are no fault of user-service", async () => {
    const asked = { now: 0, most: 0 };
    const registry = new Registry();
    const { logger } = createLog({ service: "test", version: "test", level: "silent" });
    const users = userDirectory({
      url: "http://users",
      timeoutMs: 60_000,
      logger,
      metrics: userServiceMetrics(registry),
      async fetch(input) {
        asked.now += 1;
        asked.most = Math.max(asked.most, asked.now);
        await new Promise((resolve) => setImmediate(resolve));
        asked.now -= 1;
        // It cannot be asked for many, so that there is a call for each.
        return Response.json({ ...user, id: urlOf(input).pathname.split("/").at(-1) });
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => users.check(Bun.randomUUIDv7())),
    );
    expect(new Set(answers)).toEqual(new Set(["exists"]));
    expect(asked.most).toBeLessThanOrEqual(250);
  });

  test("a user-service that answers every try in time is not blamed for the queue before it", async () => {
    const timeoutMs = 600;
    const registry = new Registry();
    const metrics = userServiceMetrics(registry);
    const { logger } = createLog({ service: "test", version: "test", level: "silent" });
    const users = userDirectory({
      url: "http://users",
      timeoutMs,
      logger,
      metrics,
      async fetch(input, init) {
        await Bun.sleep(timeoutMs * 0.65);
        init?.signal?.throwIfAborted();
        // It cannot be asked for many, so that there is a call for each.
        return Response.json({ ...user, id: urlOf(input).pathname.split("/").at(-1) });
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 1010 }, () => users.check(Bun.randomUUIDv7())),
    );
    expect(new Set(answers)).toEqual(new Set(["exists", "unavailable"]));
    const printed = await registry.metrics();
    expect(printed).not.toContain(calls("timeout"));
    expect(printed).toContain(`circuit_state{service="user-service"} 0`);
  });

  test("a neighbour that restarts between two calls is not noticed", async () => {
    const serve = (port: number) =>
      Bun.serve({ port, hostname: "127.0.0.1", fetch: () => Response.json(user) });
    let neighbour = serve(0);
    await using service = await startOrderService({
      userServiceUrl: `http://127.0.0.1:${neighbour.port}`,
    });
    for (let n = 0; n < 3; n += 1) {
      expect((await service.request("/orders", { json: wish })).status).toBe(201);
      const { port = 0 } = neighbour;
      await neighbour.stop(true);
      neighbour = serve(port);
    }
    expect((await service.request("/orders", { json: wish })).status).toBe(201);
    await neighbour.stop(true);
  });
});
