// A clock that jumps while something is waited for: no wait becomes longer or shorter by that.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { user, userJson } from "../support/platform/fake-user-service.ts";
import { httpResponse, respond } from "../support/upstream-behaviours.ts";
import { startHeldUserService } from "../support/platform/fake-user-service.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { newOrder, newUser, sending } from "../support/platform/services.ts";
import { startShim, type Shim } from "../support/shim.ts";

const dayMs = 86_400_000;
const jumps = [dayMs, -dayMs];

/** What an answer may take longer than it must, on a machine that has other things to do. */
const slackMs = 5000;

const order = sending("POST", newOrder(user.id, 1));

/** Waits for something, and has the clock jump twice meanwhile. @returns how long it took */
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

test.each(jumps)(
  "a silent user-service is given its time, jump the clock by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using folder = await temporaryFolder();
    await using late = await startHeldUserService();
    const env = { USER_SERVICE_URL: late.url, USER_SERVICE_TIMEOUT_MS: "3000", ...shim.env };
    await using orders = await startExecutable("order-service", { cwd: folder.path, env });
    const took = await timeAcrossJumps(shim, jump, async () => {
      expect((await orders.fetch("/orders", order)).status).toBe(503);
    });
    // Two whole tries at the least, 2.5 at the most; three would be 1.5 s more.
    expect(took).toBeGreaterThan(6000);
    expect(took).toBeLessThan(7500 + 1400);
  },
);

test("the circuit stays open for five seconds and no day, wherever the clock jumps", async () => {
  await using shim = await startShim();
  await using folder = await temporaryFolder();
  await using users = await startFakeUpstream(respond(httpResponse("500 Internal Server Error")));
  const env = { USER_SERVICE_URL: users.url, USER_SERVICE_TIMEOUT_MS: "400", ...shim.env };
  await using orders = await startExecutable("order-service", { cwd: folder.path, env });
  const place = async () => (await orders.fetch("/orders", order)).status;
  for (const jump of jumps) {
    shim.set({ clockOffsetMs: 0 });
    users.behave(respond(httpResponse("500 Internal Server Error")));
    for (let n = 0; n < 4; n += 1) expect(await place()).toBe(502);
    const lastAskedAt = performance.now();
    expect(await place()).toBe(502);
    const openedAt = performance.now();
    users.behave(respond(httpResponse("200 OK", userJson)));
    shim.set({ clockOffsetMs: jump });
    let status: number;
    do status = await place();
    while (status === 503 && performance.now() - openedAt < 5000 + slackMs);
    expect(status).toBe(201);
    expect(performance.now() - lastAskedAt).toBeGreaterThan(5000);
    console.log(`closed after ${((performance.now() - openedAt) / 1000).toFixed(2)} s`);
  }
}, 60_000);

test.each(jumps)(
  "a service drains as long as it is told to, jump the clock by %i ms",
  async (jump) => {
    await using shim = await startShim();
    await using folder = await temporaryFolder();
    const env = { SHUTDOWN_DRAIN_MS: "2000", ...shim.env };
    await using users = await startExecutable("user-service", { cwd: folder.path, env });
    const took = await timeAcrossJumps(shim, jump, async () => {
      users.kill("SIGTERM");
      expect(await users.exited).toBe(0);
    });
    expect(took).toBeGreaterThan(2000);
    expect(took).toBeLessThan(2000 + slackMs);
  },
);

test.each(jumps)("requests have the grace to finish in, jump the clock by %i ms", async (jump) => {
  await using shim = await startShim();
  await using folder = await temporaryFolder();
  await using late = await startHeldUserService();
  const env = { USER_SERVICE_URL: late.url, SHUTDOWN_GRACE_MS: "2000", ...shim.env };
  const waiting = { ...env, USER_SERVICE_TIMEOUT_MS: "60000" };
  await using orders = await startExecutable("order-service", { cwd: folder.path, env: waiting });
  const cut = orders.fetch("/orders", order).catch(() => "cut");
  await late.called();
  const took = await timeAcrossJumps(shim, jump, async () => {
    orders.kill("SIGTERM");
    expect(await orders.exited).toBe(1);
  });
  expect(await cut).toBe("cut");
  expect(took).toBeGreaterThan(2000);
  expect(took).toBeLessThan(2000 + slackMs);
});

test.each(jumps)("a locked database is waited for, jump the clock by %i ms", async (jump) => {
  await using shim = await startShim();
  await using folder = await temporaryFolder();
  await using users = await startExecutable("user-service", { cwd: folder.path, env: shim.env });
  using lock = new Database(join(folder.path, "data/user_service.db"));
  lock.run("BEGIN IMMEDIATE");
  const took = await timeAcrossJumps(shim, jump, async () => {
    expect((await users.fetch("/users", sending("POST", newUser(1)))).status).toBe(503);
  });
  lock.run("ROLLBACK");
  expect(took).toBeGreaterThan(4900);
  expect(took).toBeLessThan(5000 + slackMs);
});
