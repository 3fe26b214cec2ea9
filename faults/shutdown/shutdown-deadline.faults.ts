// Services that are told to stop, and how soon they end, whatever holds on to them.
import { describe, expect, test } from "bun:test";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import { requestsInFlight } from "../support/requests-in-flight.ts";
import { startHeldUserService } from "../support/platform/fake-user-service.ts";
import { newOrder } from "../support/platform/platform.ts";
import { openConnection } from "../support/raw-connection.ts";

/** Far less than any grace or drain here, and enough for a slow machine. */
const soonMs = 5000;
const longMs = "300000";
const order = newOrder(Bun.randomUUIDv7(), 0);

/** Sends a signal. @returns the exit status and the time until then */
async function end({ kill, exited }: Running, signal: NodeJS.Signals) {
  const startedAt = performance.now();
  kill(signal);
  return { status: await exited, afterMs: performance.now() - startedAt };
}

test("connections without a request hold nothing up, nor do those with half a header", async () => {
  await using folder = await temporaryFolder();
  const env = { SHUTDOWN_GRACE_MS: longMs };
  await using running = await startExecutable("user-service", { cwd: folder.path, env });
  await using connections = new AsyncDisposableStack();
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
  expect(afterMs).toBeLessThan(soonMs);
});

describe("orders that wait for a user-service that hangs", () => {
  const hanging = async (env: Readonly<Record<string, string>>) => {
    await using stack = new AsyncDisposableStack();
    const { path: cwd } = stack.use(await temporaryFolder());
    const users = stack.use(await startHeldUserService());
    const running = stack.use(
      await startExecutable("order-service", {
        cwd,
        env: { USER_SERVICE_URL: users.url, ...env },
      }),
    );
    const send = fetchClient(running.url);
    const replies = Array.from({ length: 8 }, () => send("POST", "/orders", { json: order }));
    const outcomes = Promise.all(replies.map((reply) => reply.catch(() => "cut" as const)));
    await requestsInFlight(running, replies.length);
    await users.called();
    const parts = stack.move();
    return { running, outcomes, [Symbol.asyncDispose]: () => parts.disposeAsync() };
  };

  test("are answered within their deadline, and then the service ends", async () => {
    await using held = await hanging({ USER_SERVICE_TIMEOUT_MS: "400", SHUTDOWN_GRACE_MS: longMs });
    const { status, afterMs } = await end(held.running, "SIGTERM");
    for (const outcome of await held.outcomes) {
      if (outcome === "cut") throw new Error("An order was cut");
      bodyOfStatus(outcome, 503);
      expect(outcome.headers.get("retry-after")).toBe("1");
    }
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(2.5 * 400 + soonMs);
  });

  test("are cut when the grace runs out, which is told by the log and the exit status", async () => {
    await using held = await hanging({
      USER_SERVICE_TIMEOUT_MS: "60000",
      SHUTDOWN_GRACE_MS: "500",
    });
    const { status, afterMs } = await end(held.running, "SIGTERM");
    expect(await held.outcomes).toEqual(Array(8).fill("cut"));
    expect(status).toBe(1);
    expect(afterMs).toBeGreaterThanOrEqual(500);
    expect(afterMs).toBeLessThan(500 + soonMs);
    await held.running.logged("cut the requests that were left when the grace ran out");
  });

  test.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGTERM", 143],
  ] as const)("do not delay a second signal: %s, then %s", async (first, second, status) => {
    const stages = [
      { SHUTDOWN_DRAIN_MS: longMs },
      { SHUTDOWN_DRAIN_MS: "0", SHUTDOWN_GRACE_MS: longMs },
    ];
    for (const stage of stages) {
      await using held = await hanging({ USER_SERVICE_TIMEOUT_MS: "60000", ...stage });
      held.running.kill(first);
      await held.running.logged("draining");
      const ended = await end(held.running, second);
      expect(ended.status).toBe(status);
      expect(ended.afterMs).toBeLessThan(soonMs);
    }
  });
});
