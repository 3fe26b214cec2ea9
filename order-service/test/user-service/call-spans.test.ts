import { describe, expect, test } from "bun:test";
import { currentRequest, openContext } from "@platform/shared/telemetry/request-context";
import { recordedSpans, type RecordedSpans } from "@platform/shared/testing/recorded-spans";
import { startUserService } from "@platform/user-service/test/user-service";
import { directoryOn, fakeUserService, idIn, userOf, type Respond } from "../fake-user-service.ts";
import { startOrderService, userId, wish } from "../order-service.ts";

const user = userOf(userId);
const otherId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b43";
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const everyUser: Respond = (request) => {
  const ids = new URL(request.url).searchParams.get("ids");
  return Response.json(ids === null ? userOf(idIn(request)) : ids.split(",").map(userOf));
};

/** The spans of one kind, in the order in which they ended. */
const ofKind = ({ spans }: RecordedSpans, kind: string) =>
  spans.filter((span) => span.kind === kind);

/** Checks users at the same time, each in a request of its own. @returns the spans of the requests */
async function checkInRequests(
  respond: Respond,
  tracer: RecordedSpans,
  ids: readonly string[],
  isRecorded: (index: number) => boolean = () => true,
) {
  const fake = fakeUserService(respond);
  const { users } = directoryOn(fake.fetch, { tracer });
  const requests = ids.map((id, index) => ({
    id,
    context: openContext(new Request("http://a/"), {
      tracer: isRecorded(index) ? tracer : undefined,
    }),
  }));
  await Promise.all(
    requests.map(({ id, context }) => currentRequest.run(context, () => users.check(id))),
  );
  return {
    requests: requests.map(({ context }) => context.trace.span),
    traceparents: fake.requests.map(({ headers }) => headers.get("traceparent")),
  };
}

describe("POST /orders whose trace is recorded", () => {
  test("is one trace through both services: request, call, request, and the stored order", async () => {
    const [ofUsers, ofOrders] = [recordedSpans(), recordedSpans()];
    await using users = await startUserService({ tracer: ofUsers });
    await using service = await startOrderService({ userService: users.url, tracer: ofOrders });
    const headers = { traceparent, tracestate: "vendor=1" };
    await service.request("/orders", { json: wish, headers });
    const [call] = ofKind(ofOrders, "client");
    const [request] = ofKind(ofOrders, "server");
    const [atUsers] = ofKind(ofUsers, "server");
    expect(request).toMatchObject({ name: "POST /orders", parentSpanId: "b7ad6b7169203331" });
    expect(call).toMatchObject({
      name: "GET /users/{id}",
      context: { traceId: "0af7651916cd43dd8448eb211c80319c" },
      parentSpanId: request?.context.spanId,
      attributes: {
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "server.address": "127.0.0.1",
        "server.port": users.port,
        "url.full": `${users.url}/users/${userId}`,
        "url.template": "/users/{id}",
      },
      errorType: "404",
      links: [],
    });
    expect(atUsers).toMatchObject({
      name: "GET /users/{id}",
      context: { traceId: "0af7651916cd43dd8448eb211c80319c" },
      parentSpanId: call?.context.spanId,
      errorType: undefined,
    });
    const logged = service.lines.find(({ msg }) => msg === "call");
    expect(logged).toMatchObject({ span_id: request?.context.spanId });
  });

  test("passes tracestate on with the span of the call", async () => {
    const tracer = recordedSpans();
    await using service = await startOrderService({ userService: everyUser, tracer });
    const headers = { traceparent, tracestate: "vendor=1" };
    expect((await service.request("/orders", { json: wish, headers })).status).toBe(201);
    const [call] = ofKind(tracer, "client");
    const sent = service.userRequests[0]?.headers;
    expect(sent?.get("traceparent")).toBe(
      `00-0af7651916cd43dd8448eb211c80319c-${call?.context.spanId}-01`,
    );
    expect(sent?.get("tracestate")).toBe("vendor=1");
  });
});

describe("the spans of calls", () => {
  test("are one for each attempt, and each passes itself on", async () => {
    const tracer = recordedSpans();
    const responses = [new Response("", { status: 503 }), Response.json(user)];
    const { requests, traceparents } = await checkInRequests(
      () => responses.shift() ?? Response.error(),
      tracer,
      [userId],
    );
    const [parent] = requests;
    const ids = tracer.spans.map(({ context }) => context.spanId);
    expect(traceparents).toEqual(ids.map((id) => `00-${parent?.traceId}-${id}-01`));
    expect(new Set([parent?.spanId, ...ids]).size).toBe(3);
    expect(tracer.spans.map(({ parentSpanId }) => parentSpanId)).toEqual(
      Array(2).fill(parent?.spanId),
    );
    expect(tracer.spans).toMatchObject([
      { errorType: "503", attributes: { "http.request.resend_count": undefined } },
      { errorType: undefined, attributes: { "http.request.resend_count": 1 } },
    ]);
  });

  test.each<[string, Respond, string, number | undefined]>([
    ["a refused connection", () => Promise.reject(new TypeError("secret")), "TypeError", undefined],
    ["a 200 that is not JSON", () => new Response("<html>"), "UnusableResponse", 200],
  ])("have the class of %s, and not its message", async (_, respond, errorType, status) => {
    const tracer = recordedSpans();
    await checkInRequests(respond, tracer, [userId]);
    expect(tracer.spans[0]).toMatchObject({
      errorType,
      attributes: { "http.response.status_code": status },
    });
    expect(JSON.stringify(tracer.spans)).not.toContain("secret");
  });

  test("have the error timeout where user-service does not respond", async () => {
    const tracer = recordedSpans();
    const { fetch } = fakeUserService(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error)),
        ),
    );
    const { users } = directoryOn(fetch, { tracer, timeoutMs: 5 });
    const context = openContext(new Request("http://a/"), { tracer });
    await currentRequest.run(context, () => users.check(userId));
    expect(tracer.spans[0]).toMatchObject({ errorType: "timeout" });
  });

  test("of look-ups that were merged is a child of the first request, and linked to the others", async () => {
    const tracer = recordedSpans();
    const ids = [userId, otherId, userId];
    const { requests } = await checkInRequests(everyUser, tracer, ids);
    const [first, ...others] = requests;
    expect(tracer.spans).toMatchObject([
      {
        name: "GET /users",
        parentSpanId: first?.spanId,
        links: others.map((span) => ({ traceId: span?.traceId, spanId: span?.spanId })),
        attributes: { "url.full": `http://users/users?ids=${userId},${otherId}` },
      },
    ]);
  });

  test("of merged look-ups names no request that is not recorded", async () => {
    const tracer = recordedSpans();
    const ids = [otherId, userId, otherId, userId];
    const { requests, traceparents } = await checkInRequests(
      everyUser,
      tracer,
      ids,
      (index) => index === 1 || index === 3,
    );
    const [, parent, , linked] = requests;
    expect(tracer.spans).toMatchObject([
      {
        parentSpanId: parent?.spanId,
        links: [{ traceId: linked?.traceId, spanId: linked?.spanId }],
      },
    ]);
    expect(traceparents[0]).toStartWith(`00-${parent?.traceId}-`);
  });

  test("are not made for requests that are not recorded", async () => {
    const tracer = recordedSpans();
    await checkInRequests(everyUser, tracer, [userId, otherId], () => false);
    expect(tracer.spans).toEqual([]);
  });
});
