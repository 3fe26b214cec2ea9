// The variables of tracing: a trace through both services is wholly recorded or not at all.
import { expect, test } from "bun:test";
import { startCollector, type Collector } from "../../shared/testing/collector.ts";
import { createUser, newOrder, sending } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";

/** Both services, which send their spans to this collector. */
async function startTracedPlatform({ url }: Collector, env: Readonly<Record<string, string>> = {}) {
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: "1", ...env };
  return startPlatform({ users: traced, orders: traced });
}

test("traces that are sampled by a ratio are whole: order-service decides for both services", async () => {
  await using collector = startCollector();
  await using platform = await startTracedPlatform(collector, {
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.3",
  });
  const id = await createUser(platform.users);
  const orders = 100;
  for (let n = 0; n < orders; n += 1) {
    await platform.orders.fetch("/orders", sending("POST", newOrder(id, n)));
  }
  for (const { kill, exited } of [platform.orders, platform.users]) {
    kill("SIGTERM");
    expect(await exited).toBe(0);
  }
  const byTrace = Map.groupBy(collector.spans, ({ traceId }) => traceId);
  const ofOrders = [...byTrace.values()].filter((spans) =>
    spans.some(({ name }) => name === "POST /orders"),
  );
  expect(ofOrders.length).toBeGreaterThan(0);
  expect(ofOrders.length).toBeLessThan(orders);
  for (const spans of ofOrders) {
    expect(spans.map(({ name }) => name).sort()).toEqual([
      "GET /users/{id}",
      "GET /users/{id}",
      "POST /orders",
      "write",
    ]);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentSpanId }) => parentSpanId && !ids.has(parentSpanId))).toEqual([]);
  }
  const fromCalls = collector.spans.filter(
    ({ name, kind }) => name === "GET /users/{id}" && kind === "server",
  );
  expect(fromCalls).toHaveLength(ofOrders.length);
});

test.each([
  ["OTEL_SDK_DISABLED", "true"],
  ["OTEL_TRACES_EXPORTER", "none"],
  ["OTEL_TRACES_SAMPLER", "always_off"],
])("no span is sent with %s=%s", async (variable, value) => {
  await using collector = startCollector();
  await using platform = await startTracedPlatform(collector, { [variable]: value });
  await createUser(platform.users);
  platform.users.kill("SIGTERM");
  expect(await platform.users.exited).toBe(0);
  expect(collector.headers).toHaveLength(0);
});

test("a service is named as its operator wants, and sends the operator's header fields", async () => {
  await using collector = startCollector();
  await using platform = await startTracedPlatform(collector, {
    OTEL_RESOURCE_ATTRIBUTES: "service.name=b,deployment.environment.name=test%20a",
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%20b",
    OTEL_SERVICE_NAME: "shop",
  });
  await createUser(platform.users);
  await collector.accepted(({ name }) => name === "POST /users");
  expect(collector.batches[0]?.resource).toEqual({
    "service.name": "shop",
    "service.version": expect.any(String),
    "service.instance.id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    "deployment.environment.name": "test a",
  });
  expect(collector.headers[0]?.get("x-tenant")).toBe("a b");
});
