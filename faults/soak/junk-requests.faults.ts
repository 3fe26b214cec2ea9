// What clients invent fills neither the metrics nor the memory.
import { expect, test } from "bun:test";
import { rawClient } from "../support/raw-client.ts";
import { amount } from "../support/scale.ts";
import { expectNoGrowth, idleLevels } from "./idle-levels.ts";
import { junkRequest, sendJunk } from "./junk-requests.ts";
import { startSoak } from "./soak-run.ts";

const callers = 32;
const warmUp = amount({ full: 20_000, fast: 5000 });
const total = amount({ full: 120_000, fast: 15_000 });

async function metricLines(port: number): Promise<number> {
  using client = rawClient(port);
  return (await client.send("GET", "/metrics")).body.split("\n").length;
}

test("both services keep no metric and no memory of invented paths, methods, fields and ids", async () => {
  await using soak = await startSoak();
  const { users, orders } = soak;
  let sent = 0;
  const flood = async (until: number) => {
    const ask = async () => {
      using toUsers = rawClient(users.port);
      using toOrders = rawClient(orders.port);
      while (sent < until) {
        const n = sent++;
        await sendJunk(toUsers, junkRequest(n, "/users"));
        await sendJunk(toOrders, junkRequest(n, "/orders"));
      }
    };
    await Promise.all(Array.from({ length: callers }, ask));
  };
  const measure = () => Promise.all([users, orders].map((service) => idleLevels(service)));
  const count = () => Promise.all([users.port, orders.port].map(metricLines));

  await flood(500);
  const lines = await count();
  await flood(warmUp);
  const before = await measure();
  await flood(total);
  const after = await measure();
  expect(await count()).toEqual(lines);
  expect(Math.max(...lines)).toBeLessThan(500);
  after.forEach((levels, n) => {
    const was = before[n];
    if (was === undefined) throw new Error("There is no earlier level");
    expectNoGrowth(was, levels);
  });
});
