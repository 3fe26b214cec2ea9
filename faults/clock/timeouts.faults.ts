// A clock that jumps during a wait: no timeout becomes longer or shorter.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { startHeldUserService, user, userJson } from "../support/platform/fake-user-service.ts";
import { newOrder, newUser, sending } from "../support/platform/resources.ts";
import { expectCleanExit, startService } from "../support/platform/services.ts";
import { startShim, type Shim } from "../support/shim.ts";
import { http, respond } from "../support/upstream-behaviours.ts";
import { dayMs } from "./jumps.ts";

const jumps = [dayMs, -dayMs];

/** How long a response may be overdue on a busy machine. */
const slackMs = 5000;

const order = sending("POST", newOrder(user.id, 1));

/** Lets the clock jump three times while `act` waits. @returns the duration of `act`, in ms */
async function timeAcrossJumps(
  shim: Shim,
  clockOffsetMs: number,
  act: () => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  const acting = act();
  for (const offset of [clockOffsetMs, -clockOffsetMs, clockOffsetMs]) {
    await Bun.sleep(200);
    shim.set({ clockOffsetMs: offset });
  }
  await acting;
  return performance.now() - startedAt;
}

test.concurrent.each(jumps)(
  "POST /orders waits for a silent user-service no longer and no shorter, though the clock jumps by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using held = await startHeldUserService();
    const env = { USER_SERVICE_URL: held.url, USER_SERVICE_TIMEOUT_MS: "3000", ...shim.env };
    await using orders = await startService("order-service", env);
    const took = await timeAcrossJumps(shim, jump, async () => {
      expect((await orders.fetch("/orders", order)).status).toBe(503);
    });
    // At least two whole attempts, at most 2.5; a third would take 1.5 s more.
    expect(took).toBeGreaterThan(6000);
    expect(took).toBeLessThan(7500 + 1400);
  },
);

test.concurrent.each(jumps)(
  "circuit breaker stays open for five seconds, though the clock jumps by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using users = await startFakeUpstream(respond(http("500 Internal Server Error")));
    const env = { USER_SERVICE_URL: users.url, USER_SERVICE_TIMEOUT_MS: "400", ...shim.env };
    await using orders = await startService("order-service", env);
    const place = async () => (await orders.fetch("/orders", order)).status;
    for (let n = 0; n < 4; n += 1) expect(await place()).toBe(502);
    const lastSentAt = performance.now();
    expect(await place()).toBe(502);
    const openedAt = performance.now();
    users.behave(respond(http("200 OK", userJson)));
    shim.set({ clockOffsetMs: jump });
    let status: number;
    do status = await place();
    while (status === 503 && performance.now() - openedAt < 5000 + slackMs);
    expect(status).toBe(201);
    expect(performance.now() - lastSentAt).toBeGreaterThan(5000);
    console.log(`closed after ${((performance.now() - openedAt) / 1000).toFixed(2)} s`);
  },
);

test.concurrent.each(jumps)(
  "SHUTDOWN_DRAIN_MS is kept though the clock jumps by %i ms",
  async (jump) => {
    await using shim = await startShim();
    const env = { SHUTDOWN_DRAIN_MS: "2000", ...shim.env };
    await using users = await startService("user-service", env);
    const took = await timeAcrossJumps(shim, jump, async () => {
      await expectCleanExit(users);
    });
    expect(took).toBeGreaterThan(2000);
    expect(took).toBeLessThan(2000 + slackMs);
  },
);

test.concurrent.each(jumps)(
  "SHUTDOWN_GRACE_MS is kept though the clock jumps by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using held = await startHeldUserService();
    const env = { USER_SERVICE_URL: held.url, SHUTDOWN_GRACE_MS: "2000", ...shim.env };
    const waiting = { ...env, USER_SERVICE_TIMEOUT_MS: "60000" };
    await using orders = await startService("order-service", waiting);
    const cut = orders.fetch("/orders", order).catch(() => "cut");
    await held.called();
    const took = await timeAcrossJumps(shim, jump, async () => {
      orders.kill("SIGTERM");
      expect(await orders.exited).toBe(1);
    });
    expect(await cut).toBe("cut");
    expect(took).toBeGreaterThan(2000);
    expect(took).toBeLessThan(2000 + slackMs);
  },
);

test.concurrent.each(jumps)(
  "POST /users waits five seconds for a locked database though the clock jumps by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using users = await startService("user-service", shim.env);
    using lock = new Database(join(users.folder, "data/user_service.db"));
    lock.run("BEGIN IMMEDIATE");
    const took = await timeAcrossJumps(shim, jump, async () => {
      expect((await users.fetch("/users", sending("POST", newUser(1)))).status).toBe(503);
    });
    lock.run("ROLLBACK");
    expect(took).toBeGreaterThan(4900);
    expect(took).toBeLessThan(5000 + slackMs);
  },
);
