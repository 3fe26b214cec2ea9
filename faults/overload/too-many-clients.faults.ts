// More clients than a service admits: it serves as many as before, and refuses the others.
import { expect, test } from "bun:test";
import { residentKiB } from "../support/footprint.ts";
import { median } from "../support/median.ts";
import { metricOf } from "../support/metric.ts";
import { createUser, newOrder, newUser } from "../support/platform/resources.ts";
import { startPlatform, type Platform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { flood, type FloodReport } from "./flood.ts";
import { probe } from "./prober.ts";

/** `MAX_IN_FLIGHT` of the services, and the number of clients that fits it. */
const admitted = 64;
const fourTimes = 4 * admitted;
const sixteenTimes = 16 * admitted;

const limits = { MAX_IN_FLIGHT: String(admitted) };
const seconds = amount({ full: 10, fast: 1.5 });

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
  "%s keeps its throughput under a flood, refuses the rest, and keeps its memory",
  async (name) => {
    const { of, path, body } = targets[name];
    await using platform = await startPlatform({ users: limits, orders: limits });
    const service = of(platform);
    const text = JSON.stringify(body(await createUser(platform.users)));
    const maxProbesMs: number[] = [];
    const pour = async (connections: number) => {
      const stopProbing = probe(service);
      const report = await flood({ port: service.port, connections, seconds, path, body: text });
      maxProbesMs.push(await stopProbing());
      expect(report).toMatchObject({ withoutRetryAfter: 0, broken: 0 });
      return report;
    };
    const measureUsual = async () => {
      const report = await pour(admitted);
      expect(Object.keys(report.statuses)).toEqual(["201"]);
      return good(report) / seconds;
    };

    await measureUsual();
    const warmMiB = (await residentKiB(service.pid)) / 1024;
    const usual = [await measureUsual()];
    const shares: number[] = [];
    const levels: number[] = [];
    let refused = 0;
    for (const connections of [...Array<number>(5).fill(fourTimes), sixteenTimes]) {
      const report = await pour(connections);
      expect(Object.keys(report.statuses).toSorted()).toEqual(["201", "503"]);
      refused += report.statuses["503"] ?? 0;
      levels.push((await residentKiB(service.pid)) / 1024);
      // Compared with the throughput just before and just after, as the machine's speed varies.
      usual.push(await measureUsual());
      const [before = 0, after = 0] = usual.slice(-2);
      if (connections === fourTimes) shares.push((2 * good(report)) / seconds / (before + after));
    }

    console.log(
      `${name}: ${median(usual).toFixed()} created a second with ${admitted} clients, with ` +
        `${fourTimes} ${shares.map((share) => share.toFixed(2)).join(", ")} of it; ${refused} refused; ` +
        `probes ${median(maxProbesMs).toFixed()} ms at most, ` +
        `${Math.max(...maxProbesMs).toFixed()} ms in the worst round; ` +
        `${warmMiB.toFixed()} MiB before, ${levels.map((level) => level.toFixed()).join(", ")} after`,
    );
    const shed = 'http_requests_shed_total{reason="in-flight-limit"}';
    expect(await metricOf(service, shed)).toBeGreaterThanOrEqual(refused);
    expect(median(shares)).toBeGreaterThan(0.8);
    expect(median(maxProbesMs)).toBeLessThan(250);
    expect(Math.max(...levels)).toBeLessThan(warmMiB + 100);
  },
);
