// The last spans reach the collector before the service ends, and a collector never keeps it from ending.
import { describe, expect, test } from "bun:test";
import { hang, startCollector } from "../../shared/testing/collector.ts";
import { startTraced } from "./traced-service.ts";

/** Far less than any timeout here, and long enough for a slow machine. */
const maxExitMs = 5000;
const longMs = "300000";

/** Waits longer for a batch than any test. */
const rare = { OTEL_BSP_SCHEDULE_DELAY: longMs };

async function end({ kill, exited }: Awaited<ReturnType<typeof startTraced>>) {
  const startedAt = performance.now();
  kill("SIGTERM");
  return { status: await exited, afterMs: performance.now() - startedAt };
}

describe("SIGTERM", () => {
  test("loses no span of a request that got its response", async () => {
    await using collector = startCollector();
    await using service = await startTraced(collector.url, {
      ...rare,
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "100",
    });
    await service.load(1150);
    expect((await end(service)).status).toBe(0);
    const reads = collector.spans.filter(({ name }) => name === "GET /users/{id}");
    expect(reads).toHaveLength(1150);
    expect(new Set(reads.map(({ spanId }) => spanId)).size).toBe(1150);
  });

  test("is not delayed past the grace by a collector that hangs, and the exit status is 0", async () => {
    await using collector = startCollector(hang);
    await using service = await startTraced(collector.url, { ...rare, SHUTDOWN_GRACE_MS: "500" });
    await service.load(20);
    const { status, afterMs } = await end(service);
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(500 + maxExitMs);
    await collector.received(1);
    expect(await service.logged("cannot export spans")).toMatchObject({ dropped: 22 });
  });

  test("is not delayed by a collector that is dead, however long the grace is", async () => {
    await using service = await startTraced("http://127.0.0.1:1", {
      ...rare,
      SHUTDOWN_GRACE_MS: longMs,
    });
    await service.load(20);
    const { status, afterMs } = await end(service);
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(maxExitMs);
  });

  test("is not delayed by a batch that waits for its repetition", async () => {
    await using collector = startCollector(() => {
      return new Response("", { status: 503, headers: { "retry-after": "3600" } });
    });
    await using service = await startTraced(collector.url, {
      OTEL_BSP_SCHEDULE_DELAY: "1",
      OTEL_BSP_EXPORT_TIMEOUT: longMs,
      SHUTDOWN_GRACE_MS: longMs,
    });
    await service.load(20);
    await collector.received(1);
    const { status, afterMs } = await end(service);
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(maxExitMs);
  });
});
