// How soon a service ends after a signal, whatever keeps it busy.
import { describe, expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { startHeldUserService } from "../support/platform/fake-user-service.ts";
import { newOrder } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import { openConnection } from "../support/raw-connection.ts";
import { requestsInFlight } from "../support/requests-in-flight.ts";

/** Far less than any grace or drain period here, and long enough for a slow machine. */
const maxExitMs = 5000;
const longMs = "300000";
const order = newOrder(Bun.randomUUIDv7(), 0);

/** Sends a signal. @returns the exit status, and the time until the exit */
async function end({ kill, exited }: Running, signal: NodeJS.Signals) {
  const startedAt = performance.now();
  kill(signal);
  return { status: await exited, afterMs: performance.now() - startedAt };
}

test("SIGTERM is not delayed by idle connections, nor by half a header", async () => {
  await using running = await startService("user-service", { SHUTDOWN_GRACE_MS: longMs });
  using connections = new DisposableStack();
  const open = async (count: number, ...parts: string[]) => {
    for (let n = 0; n < count; n += 1) {
      const connection = connections.use(await openConnection(running.port));
      for (const part of parts) {
        await connection.write(part);
        if (part.endsWith("\r\n\r\n")) await connection.response();
      }
    }
  };
  const whole = "GET /users HTTP/1.1\r\nHost: a\r\n\r\n";
  const half = "GET /users HTTP/1.1\r\nHost: a\r\nX-Half: ";
  await open(50);
  await open(10, half);
  await open(10, whole, half);
  await open(50, whole);
  const { status, afterMs } = await end(running, "SIGTERM");
  expect(status).toBe(0);
  expect(afterMs).toBeLessThan(maxExitMs);
});

describe("POST /orders while user-service hangs", () => {
  const startHanging = async (env: Readonly<Record<string, string>>) => {
    await using stack = new AsyncDisposableStack();
    const users = stack.use(await startHeldUserService());
    const running = stack.use(
      await startService("order-service", { USER_SERVICE_URL: users.url, ...env }),
    );
    const send = fetchClient(running.url);
    const sent = Array.from({ length: 8 }, () => send("POST", "/orders", { json: order }));
    const outcomes = Promise.all(sent.map((response) => response.catch(() => "cut" as const)));
    await requestsInFlight(running, sent.length);
    await users.called();
    const parts = stack.move();
    return { running, outcomes, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  };

  test("gets a response within its deadline after SIGTERM, and then the service ends", async () => {
    await using hanging = await startHanging({
      USER_SERVICE_TIMEOUT_MS: "400",
      SHUTDOWN_GRACE_MS: longMs,
    });
    const { status, afterMs } = await end(hanging.running, "SIGTERM");
    for (const outcome of await hanging.outcomes) {
      if (outcome === "cut") throw new Error("An order was cut");
      bodyOfStatus(outcome, 503);
      expect(outcome.headers.get("retry-after")).toBe("1");
    }
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(2.5 * 400 + maxExitMs);
  });

  test("is cut when the grace period ends, which the log and the exit status report", async () => {
    await using hanging = await startHanging({
      USER_SERVICE_TIMEOUT_MS: "60000",
      SHUTDOWN_GRACE_MS: "500",
    });
    const { status, afterMs } = await end(hanging.running, "SIGTERM");
    expect(await hanging.outcomes).toEqual(Array(8).fill("cut"));
    expect(status).toBe(1);
    expect(afterMs).toBeGreaterThanOrEqual(500);
    expect(afterMs).toBeLessThan(500 + maxExitMs);
    await hanging.running.logged("cut the requests that were left when the grace ran out");
  });

  test.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGTERM", 143],
    ["SIGHUP", "SIGQUIT", 131],
  ] as const)("does not delay a second signal: %s, then %s", async (first, second, status) => {
    const stages = [
      { SHUTDOWN_DRAIN_MS: longMs },
      { SHUTDOWN_DRAIN_MS: "0", SHUTDOWN_GRACE_MS: longMs },
    ];
    for (const stage of stages) {
      await using hanging = await startHanging({ USER_SERVICE_TIMEOUT_MS: "60000", ...stage });
      hanging.running.kill(first);
      await hanging.running.logged("draining");
      const ended = await end(hanging.running, second);
      expect(ended.status).toBe(status);
      expect(ended.afterMs).toBeLessThan(maxExitMs);
    }
  });
});
