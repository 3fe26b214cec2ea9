import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import { settle } from "@platform/shared/testing/settle";
import { startUserService, createUser } from "@platform/user-service/test/user-service";
import {
  attempts,
  circuitState,
  directoryOn,
  fakeUserService,
  idIn,
  userOf,
  type Respond,
} from "../fake-user-service.ts";
import { countOrders, startOrderService, userId, wish } from "../order-service.ts";

const user = userOf(userId);

describe("POST /orders with a user-service", () => {
  test("accepts an order for a user of a real one, and no other", async () => {
    await using users = await startUserService();
    await using service = await startOrderService({ userService: users.url });
    const { id } = await createUser(users);
    const placed = await service.request("/orders", { json: { ...wish, user_id: id } });
    expect(placed.status).toBe(201);
    const refused = await bodyOf(await service.request("/orders", { json: wish }));
    expect(refused).toMatchObject({ status: 400, detail: "User does not exist" });
  });

  test("passes request id and trace context on, and logs the call with them", async () => {
    await using service = await startOrderService({ userService: () => Response.json(user) });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await service.request("/orders", {
      json: wish,
      headers: { "x-request-id": "from-the-edge", traceparent, tracestate: "vendor=1" },
    });
    const sent = service.userRequests[0]?.headers;
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

  const json = { headers: { "content-type": "application/json" } };
  const failed = { status: 502, detail: "Failed to validate user" };
  const unavailable = { status: 503, detail: "User service unavailable" };
  const nested = "[".repeat(9e4) + "]".repeat(9e4);

  test.each<[number, string, object, object]>([
    [500, "no", {}, failed],
    [500, "{", json, failed],
    [502, "no", {}, failed],
    [503, "{}", json, unavailable],
    [504, "{}", json, unavailable],
    [429, "{}", json, unavailable],
  ])("makes three attempts if every response is %i %s", async (status, body, init, problem) => {
    const userService = () => new Response(body, { ...init, status });
    await using service = await startOrderService({ userService });
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject(problem);
    expect(service.userRequests).toHaveLength(3);
    expect(await service.metric(attempts(String(status)))).toBe(3);
    expect(await countOrders(service)).toBe(0);
  });

  test.each<[string, Respond, string]>([
    ["garbage", () => new Response("{not json", json), "200"],
    ["HTML", () => new Response("<html>", { headers: { "content-type": "text/html" } }), "200"],
    ["an empty body", () => new Response("", json), "200"],
    ["an id alone", () => Response.json({ id: userId }), "200"],
    ["a user without a name", () => Response.json({ ...user, name: null }), "200"],
    ["absurd nesting", () => new Response(`{"id":"${userId}","x":${nested}}`, json), "200"],
    ["another user", () => Response.json({ ...user, id: userId.replace("0", "1") }), "200"],
    ["no user", () => Response.json([]), "200"],
    ["null", () => Response.json(null), "200"],
    ["a redirect", () => Response.redirect("/users/x"), "302"],
    ["a teapot", () => new Response("", { status: 418 }), "418"],
    ["no content", () => new Response(null, { status: 204 }), "204"],
    ["a gateway's 404", () => new Response("404 page not found\n", { status: 404 }), "404"],
    ["another service's 404", () => Response.json({ detail: "Not Found" }, { status: 404 }), "404"],
    ["a 404 without a body", () => new Response(null, { status: 404 }), "404"],
    [
      "a 404 in a list",
      () => Response.json([{ detail: "User not found" }], { status: 404 }),
      "404",
    ],
    [
      "two megabytes of 404",
      () => Response.json({ detail: "x".repeat(2e6) }, { status: 404 }),
      "404",
    ],
    ["two megabytes", () => Response.json({ ...user, name: "x".repeat(2e6) }), "200"],
    ["two megabytes in chunks", () => new Response(new Blob(["x".repeat(2e6)]).stream()), "200"],
  ])("makes one attempt if it sends %s, and places no order", async (_, userService, counted) => {
    await using service = await startOrderService({ userService });
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject(failed);
    expect(service.userRequests).toHaveLength(1);
    expect(await service.metric(attempts(counted))).toBe(1);
    expect(await countOrders(service)).toBe(0);
    // An operator looks for the cause: user-service is well, or the URL is another service's.
    expect(service.lines.find(({ upstream }) => upstream === "user-service")).toMatchObject({
      level: "warn",
      status: Number(counted),
    });
    for (let n = 0; n < 5; n += 1) await service.request("/orders", { json: wish });
    expect(await service.metric(circuitState)).toBe(0);
  });

  test.each(["application/json", "application/problem+json", "text/plain"])(
    "refuses the order with 400 if it says as %s that the user is not found",
    async (type) => {
      const body = JSON.stringify({ title: "Not Found", detail: "User not found" });
      const init = { status: 404, headers: { "content-type": type } };
      const userService = () => new Response(body, init);
      await using service = await startOrderService({ userService });
      const refused = await bodyOf(await service.request("/orders", { json: wish }));
      expect(refused).toMatchObject({ status: 400, detail: "User does not exist" });
      expect(service.userRequests).toHaveLength(1);
      expect(service.lines.find(({ msg }) => msg === "call")).toMatchObject({ level: "info" });
    },
  );

  test("refuses orders with 502 if USER_SERVICE_URL is order-service itself", async () => {
    await using other = await startOrderService();
    await using service = await startOrderService({ userService: other.url });
    const place = (n: number) =>
      service.request("/orders", { json: { ...wish, user_id: userId.replace("0", String(n)) } });
    for (const response of await Promise.all([1, 2, 3].map(place))) {
      expect(await bodyOf(response)).toMatchObject(failed);
    }
  });

  test("places the order if a second attempt succeeds", async () => {
    let count = 0;
    const userService = () =>
      count++ === 0 ? new Response("", { status: 503 }) : Response.json(user);
    await using service = await startOrderService({ userService });
    expect((await service.request("/orders", { json: wish })).status).toBe(201);
    expect(await service.metric(attempts("503"))).toBe(1);
    expect(await service.metric(attempts("200"))).toBe(1);
  });

  test("is unavailable if it hangs", async () => {
    const never = Promise.withResolvers<Response>();
    const userService = () => never.promise;
    await using service = await startOrderService({ userService, timeoutMs: 100 });
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject(unavailable);
    expect(await service.metric(attempts("timeout"))).toBeGreaterThanOrEqual(1);
    never.resolve(new Response());
  });

  test("is unavailable if it cannot be reached, but the service is not", async () => {
    await using service = await startOrderService({ userService: "http://127.0.0.1:1" });
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject(unavailable);
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect(await service.metric(attempts("error"))).toBe(3);
    expect(service.lines.find(({ upstream }) => upstream === "user-service")).toMatchObject({
      level: "warn",
      status: "error",
      err: { message: expect.stringContaining("connect") },
    });
    expect((await service.request("/orders")).status).toBe(200);
    expect((await service.request("/ready")).status).toBe(200);
  });

  test.each([
    ["another service's 404, which says nothing of it", 404, 2],
    ["a refused token, which says nothing of it", 401, 2],
    ["a response that it has sent", 200, 0],
  ])("counts failed calls in a row, between which there is %s", async (_, status, state) => {
    let isFailing = true;
    const userService = () =>
      isFailing ? new Response("", { status: 500 }) : Response.json({}, { status });
    await using service = await startOrderService({ userService });
    for (isFailing of [true, true, true, true, false, true]) {
      await service.request("/orders", { json: wish });
    }
    expect(await service.metric(circuitState)).toBe(state);
  });

  test("stops calling it after five failed calls, and refuses orders at once", async () => {
    const userService = () => new Response("", { status: 500 });
    await using service = await startOrderService({ userService });
    for (let n = 0; n < 5; n += 1) await service.request("/orders", { json: wish });
    const requestsBefore = service.userRequests.length;
    expect(await service.metric(circuitState)).toBe(2);
    const response = await service.request("/orders", { json: wish });
    expect(await bodyOf(response)).toMatchObject(unavailable);
    expect(service.userRequests).toHaveLength(requestsBefore);
    expect(await service.metric(attempts("circuit_open"))).toBe(1);
    expect(service.lines.filter(({ msg }) => msg === "call").at(-1)).toMatchObject({
      level: "warn",
      upstream: "user-service",
      attempt: 0,
      status: "circuit_open",
      duration_ms: 0,
      request_id: response.headers.get("x-request-id"),
    });
    // An alert on the rate of errors must not take user-service's trouble for order-service's.
    const line = service.lines.at(-1);
    expect(line).toMatchObject({ level: "warn", msg: "request", reason: "circuit-open" });
    expect(line).not.toHaveProperty("err");
    expect(
      service.lines.filter(({ reason }) => reason === "user-service-unavailable"),
    ).toHaveLength(0);
  });

  test("does not notice that it restarts between two calls", async () => {
    const serve = (port: number) =>
      Bun.serve({ port, hostname: "127.0.0.1", fetch: () => Response.json(user) });
    let upstream = serve(0);
    await using service = await startOrderService({ userService: upstream.url.origin });
    for (let n = 0; n < 3; n += 1) {
      expect((await service.request("/orders", { json: wish })).status).toBe(201);
      const { port = 0 } = upstream;
      await upstream.stop(true);
      upstream = serve(port);
    }
    expect((await service.request("/orders", { json: wish })).status).toBe(201);
    await upstream.stop(true);
  });
});

describe("UserDirectory.check()", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("ends within two and a half timeouts if user-service hangs", async () => {
    const timeoutMs = 100;
    const { fetch } = fakeUserService(({ signal }) => {
      const { promise, reject } = Promise.withResolvers<Response>();
      signal.addEventListener("abort", () => reject(signal.reason));
      return promise;
    });
    const { checkAll, metric } = directoryOn(fetch, { timeoutMs });
    const startedAt = performance.now();
    expect(await settle(checkAll([userId]), 10)).toEqual(["unavailable"]);
    const durationMs = performance.now() - startedAt;
    expect(durationMs).toBeGreaterThanOrEqual(timeoutMs * 2);
    expect(durationMs).toBeLessThanOrEqual(timeoutMs * 2.5 + 20);
    expect(await metric(attempts("timeout"))).toBeGreaterThanOrEqual(2);
  });

  test("does not blame a user-service that responds in time for the queue before it", async () => {
    const timeoutMs = 600;
    const { fetch } = fakeUserService(async (request) => {
      await Bun.sleep(timeoutMs * 0.65);
      request.signal.throwIfAborted();
      return Response.json(userOf(idIn(request))); // to `?ids=` too, so each user is a request
    });
    const { checkAll, metric } = directoryOn(fetch, { timeoutMs });
    const ids = Array.from({ length: 1010 }, () => Bun.randomUUIDv7());
    const results = await settle(checkAll(ids), 10);
    expect(new Set(results)).toEqual(new Set(["exists", "queue-full"]));
    const refused = results.filter((result) => result === "queue-full").length;
    expect(await metric(attempts("queue_full"))).toBe(refused);
    expect(await metric(attempts("timeout"))).toBe(0);
    expect(await metric(circuitState)).toBe(0);
  });
});
