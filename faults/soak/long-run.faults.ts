// Memory, files and timers of a service do not grow with its working time.
import { expect, test } from "bun:test";
import { rawClient } from "../support/raw-client.ts";
import { amount } from "../support/scale.ts";
import { expectNoGrowth, idleLevels } from "./idle-levels.ts";
import { mixedCaller, orderOf } from "./mixed-load.ts";
import { startSoak, type Soak } from "./soak-run.ts";

const seconds = amount({ full: 600, fast: 40 });
const callers = 32;
/** More would fill the disk with orders. */
const maxRequestsPerSecond = 2500;

/** Sends mixed load to all processes for this long. @returns how many requests were sent */
async function work({ users, orders, troubled }: Soak, forSeconds: number): Promise<number> {
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  let sent = 0;
  const ask = async () => {
    using caller = mixedCaller({ users: users.port, orders: orders.port });
    while (elapsed() < forSeconds) {
      const requests = await caller.round();
      sent += requests;
      const aheadSeconds = sent / maxRequestsPerSecond - elapsed();
      if (aheadSeconds > 0) await Bun.sleep(aheadSeconds * 1000);
    }
  };
  const askTroubled = async () => {
    using client = rawClient(troubled.port);
    while (elapsed() < forSeconds) {
      const order = JSON.stringify(orderOf(crypto.randomUUID()));
      const key = { "content-type": "application/json", "idempotency-key": crypto.randomUUID() };
      const { status } = await client.send("POST", "/orders", key, order);
      expect([201, 400, 502, 503]).toContain(status);
    }
  };
  await Promise.all([...Array.from({ length: callers }, ask), askTroubled(), askTroubled()]);
  return sent;
}

test("both services hold as much memory, files and timers after a long run as after a short one", async () => {
  await using soak = await startSoak();
  const names = ["users", "orders", "troubled"] as const;
  await work(soak, seconds / 4);
  const before = await Promise.all(names.map((name) => idleLevels(soak[name])));
  const sent = await work(soak, (seconds * 3) / 4);
  const after = await Promise.all(names.map((name) => idleLevels(soak[name])));
  expect(sent).toBeGreaterThan(seconds * 100);
  names.forEach((name, n) => {
    const [was, is] = [before[n], after[n]];
    if (was === undefined || is === undefined) throw new Error(`${name} was not measured`);
    console.log(`${name} after ${sent} requests:`, was, is);
    expectNoGrowth(was, is);
  });
});
