// No request fails or waits because of a collector, whatever the collector does.
import { describe, expect, test } from "bun:test";
import { hang, refuse, startCollector } from "../../shared/testing/collector.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { peakKiB, resetPeak, residentKiB } from "../support/footprint.ts";
import { amount } from "../support/scale.ts";
import {
  drip,
  flood,
  http,
  resetConnections,
  respond,
  respondAndClose,
} from "../support/upstream-behaviours.ts";
import { startTraced, warnings } from "./traced-service.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const requests = amount({ full: 20_000, fast: 2000 });
const mebibyte = 1024;

/** Soon drops what the collector does not take. */
const impatient = {
  OTEL_BSP_SCHEDULE_DELAY: "10",
  OTEL_BSP_MAX_QUEUE_SIZE: "50",
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10",
  OTEL_BSP_EXPORT_TIMEOUT: "200",
  OTEL_EXPORTER_OTLP_TIMEOUT: "100",
};

const broken: [string, Behaviour][] = [
  ["hangs", {}],
  ["resets connections", resetConnections],
  ["speaks no HTTP", respondAndClose("220 mail.example.com ESMTP\r\n")],
  ["responds with 500", respond(http("500 Internal Server Error", "no"))],
  ["responds with 400", respond(http("400 Bad Request", "no"))],
  ["responds with 503 and Retry-After", respond(http("503 X", "no", "retry-after: 3600"))],
  ["responds with 429 and Retry-After: 0", respond(http("429 X", "no", "retry-after: 0"))],
  ["responds with a redirect", respond(http("307 X", "", "location: /elsewhere"))],
  ["responds with an endless 503", flood("HTTP/1.1 503 X\r\n\r\n", "x")],
  ["drips its response", drip(`${ok}content-length: 1000\r\n\r\n`, "x")],
  ["has endless header fields", flood(ok, "x-many: lines\r\n")],
];

describe("user-service serves all requests, and counts the spans that are lost, while its collector", () => {
  test.each(broken)("%s", async (_, behaviour) => {
    await using collector = await startFakeUpstream(behaviour);
    await using service = await startTraced(collector.url, impatient);
    await service.load(200);
    const before = await residentKiB(service.pid);
    await resetPeak(service.pid);
    await service.load(requests);
    await collector.called();
    expect((await peakKiB(service.pid)) - before).toBeLessThan(64 * mebibyte);
    let dropped = await service.dropped();
    for (; dropped === 0; dropped = await service.dropped()) await service.load(8);
    expect(warnings(service)).toMatchObject([{ level: "warn", reason: expect.any(String) }]);
    service.kill("SIGTERM");
    expect(await service.exited).toBe(0);
  });

  test("is dead", async () => {
    await using service = await startTraced("http://127.0.0.1:1", impatient);
    await service.load(requests);
    let dropped = await service.dropped();
    for (; dropped === 0; dropped = await service.dropped()) await service.load(8);
    expect(warnings(service)).toMatchObject([{ level: "warn", reason: "ECONNREFUSED" }]);
    expect(warnings(service)[0]).not.toHaveProperty("request_id");
    service.kill("SIGTERM");
    expect(await service.exited).toBe(0);
  });
});

test("user-service counts each span once: as accepted, or as dropped", async () => {
  await using collector = startCollector();
  await using service = await startTraced(collector.url, impatient);
  let isRefusing = false;
  collector.respond = () => {
    isRefusing = !isRefusing;
    return isRefusing ? refuse(400)({ resource: {}, spans: [] }) : Response.json({});
  };
  await service.load(1000);
  // A span is on its way until the collector has had it.
  const settled = async () => collector.spans.length + (await service.dropped());
  // The user's creation has a span for its write beside its own.
  while ((await settled()) < 1002) await Bun.sleep(10);
  expect(await settled()).toBe(1002);
  expect(await service.dropped()).toBeGreaterThan(0);
  expect(collector.spans.length).toBeGreaterThan(0);
});

test("user-service sends spans again as soon as a collector that was killed under load is back", async () => {
  await using collector = await startFakeUpstream(respond(http("200 OK", "{}")));
  await using service = await startTraced(collector.url, impatient);
  await service.load(500);
  await collector.called();
  collector.restart(resetConnections);
  await service.load(500);
  collector.restart(respond(http("200 OK", "{}")));
  const endless = (async () => {
    while (collector.calls < 20) await service.load(8);
  })();
  await collector.called(20);
  await endless;
  // What comes now is accepted.
  await service.load(8);
  expect(warnings(service)).toHaveLength(1);
});

test("user-service writes one warning a minute at most about a collector, however many batches fail", async () => {
  await using collector = startCollector(refuse(401));
  await using service = await startTraced(collector.url, impatient);
  await service.load(1000);
  await collector.received(20);
  expect(warnings(service)).toMatchObject([{ reason: "HTTP 401" }]);
});

test("user-service keeps no more spans than the queue has room for while its collector hangs", async () => {
  await using collector = startCollector(hang);
  await using service = await startTraced(collector.url, { OTEL_BSP_SCHEDULE_DELAY: "10" });
  await service.load(1000);
  await collector.received(1);
  const before = await residentKiB(service.pid);
  await resetPeak(service.pid);
  await service.load(requests);
  // 2,048 spans of some 600 bytes, and the batch on its way.
  expect((await peakKiB(service.pid)) - before).toBeLessThan(64 * mebibyte);
  expect(collector.batches).toHaveLength(1);
});
