// More than a service can carry: it does what it can, and says so to the others.
import { expect, test } from "bun:test";
import { flood, type FloodReport } from "./flood.ts";
import { residentKiB } from "../tools/footprint.ts";
import { median } from "../tools/median.ts";
import { createUser, newOrder, newUser, startPlatform, type Platform } from "../tools/platform.ts";
import { probe } from "./prober.ts";
import { amount } from "../tools/scale.ts";

/** What the services are told to carry, and the clients that come for it. */
const carried = 64;
const fourTimes = 4 * carried;
const sixteenTimes = 16 * carried;

const limits = { MAX_IN_FLIGHT: String(carried) };
const seconds = amount({ full: 6, fast: 2 });

const good = ({ statuses }: FloodReport) => statuses["201"] ?? 0;

const targets = {
  "user-service": {
    of: ({ users }: Platform) => users,
    path: "/users",
    body: (): unknown => ({ ...newUser(0), email: "user#@example.com" }),
  },
  "order-service": {
    of: ({ orders }: Platform) => orders,
    path: "/orders",
    body: (userId: string): unknown => newOrder(userId, 0),
  },
};

test.each(["user-service", "order-service"] as const)(
  "%s does under a flood what it can, refuses the rest, and stays what it was",
  async (name) => {
    const { of, path, body } = targets[name];
    await using platform = await startPlatform({ users: limits, orders: limits });
    const service = of(platform);
    const text = JSON.stringify(body(await createUser(platform.users)));
    const pour = (connections: number, forSeconds = seconds) =>
      flood({ port: service.port, connections, seconds: forSeconds, path, body: text });

    await pour(carried);
    const warmMiB = (await residentKiB(service.pid)) / 1024;
    const usual: number[] = [];
    const flooded: number[] = [];
    const longestProbes: number[] = [];
    const levels: number[] = [];
    let refused = 0;
    // In turns, so that both are done on the same machine in the same mood.
    for (const connections of [fourTimes, fourTimes, fourTimes, sixteenTimes]) {
      const calmProber = probe(service);
      const calm = await pour(carried);
      await calmProber.stop();
      expect(Object.keys(calm.statuses)).toEqual(["201"]);
      usual.push(good(calm) / seconds);
      const prober = probe(service);
      const report = await pour(connections, 2 * seconds);
      longestProbes.push(await prober.stop());
      expect(Object.keys(report.statuses).toSorted()).toEqual(["201", "503"]);
      expect(report).toMatchObject({ withoutRetryAfter: 0, broken: 0 });
      if (connections === fourTimes) flooded.push(good(report) / (2 * seconds));
      refused += report.statuses["503"] ?? 0;
      levels.push((await residentKiB(service.pid)) / 1024);
    }

    console.log(
      `${name}: ${median(usual).toFixed()} created a second with ${carried} clients, ` +
        `${median(flooded).toFixed()} with ${fourTimes}; ${refused} refused; ` +
        `probes ${median(longestProbes).toFixed()} ms at most, ` +
        `${Math.max(...longestProbes).toFixed()} ms in the worst round; ` +
        `${warmMiB.toFixed()} MiB before, ${levels.map((level) => level.toFixed()).join(", ")} after`,
    );
    expect(median(flooded)).toBeGreaterThan(0.8 * median(usual));
    expect(median(longestProbes)).toBeLessThan(250);
    expect(Math.max(...levels)).toBeLessThan(warmMiB + 100);
  },
);
