// The targets of the platform, and whether a run reached them.
import { serviceNames } from "../peers/peer.ts";
import { count, median, medianInterval, percent, times } from "../tools/numbers.ts";
import { medianP99, medianRate } from "../tools/wrk.ts";
import { titleOf, workloads } from "../workloads/index.ts";
import { goalsOn } from "./goals.ts";
import {
  costsOf,
  highestMegabytes,
  platformName,
  rateOf,
  ratioTo,
  type Results,
} from "./results.ts";

/** A target, and the figure of a run. */
export interface Target {
  readonly title: string;
  readonly wanted: string;
  readonly got: string;
  /** Undefined if it was not measured. */
  readonly isReached: boolean | undefined;
}

/** Compares a figure with a bound. If one of them is NaN, it was not measured. */
function target(
  title: string,
  [bound, wanted]: ["≥" | "≤" | ">" | "<", number],
  got: number,
  format: (value: number) => string = times,
): Target {
  const reached = { "≥": got >= wanted, "≤": got <= wanted, ">": got > wanted, "<": got < wanted };
  return {
    title,
    wanted: `${bound} ${format(wanted)}`,
    got: format(got),
    isReached: Number.isNaN(got - wanted) ? undefined : reached[bound],
  };
}

/** Every target, in the order of the report. */
export function judge(results: Results): Target[] {
  return [
    ...ratios(results),
    ...aheadEverywhere(results),
    ...heldAtMany(results),
    cost("Traces: the cost of 1 % of them", costsOf(results.traces.starts, "sampled"), 0.02),
    cost("Traces: the cost of all of them", costsOf(results.traces.starts, "all"), 0.25),
    cost("Tokens: the cost of one that is cached", costsOf(results.tokens, "on"), 0.07),
    readsBesideWrites(results),
    ...replicas(results),
    ...starts(results),
    ...memory(results),
    ...growth(results),
  ];
}

function ratios(results: Results): Target[] {
  return goalsOn[results.engine].ratios.flatMap(([workload, connections, wanted]) =>
    Object.entries(wanted).map(([peer, ratio]) =>
      target(
        `${titleOf(workload)}, ${connections} connections, compared with ${peer}`,
        ["≥", ratio],
        ratioTo(peer, results, { workload, connections }),
      ),
    ),
  );
}

function aheadEverywhere(results: Results): Target[] {
  return goalsOn[results.engine].behind.map((peer) => {
    const leads = results.throughput
      .map((comparison) => ({
        ratio: ratioTo(peer, results, comparison),
        where: `${titleOf(comparison.workload)} at ${comparison.connections}`,
      }))
      .filter(({ ratio }) => !Number.isNaN(ratio))
      .toSorted((a, b) => a.ratio - b.ratio);
    const [least] = leads;
    const found = target(
      `Ahead of ${peer} in every workload at every number of connections; the least`,
      [">", 1],
      least?.ratio ?? Number.NaN,
    );
    return { ...found, got: `${found.got}, ${least?.where ?? "nowhere"}, of ${leads.length}` };
  });
}

function heldAtMany(results: Results): Target[] {
  return workloads.map(({ name: workload }) => {
    const rate = (connections: number) => rateOf(results, { workload, connections });
    const title = `${titleOf(workload)} at 256 connections, compared with 64`;
    return target(title, ["≥", 0.9], rate(256) / rate(64));
  });
}

/** Reached if the whole interval is below the bound: a median alone may be below it by chance. */
function cost(title: string, costs: readonly number[], bound: number): Target {
  const [, upper] = medianInterval(costs);
  const found = target(`${title}, at 95 % confidence`, ["<", bound], upper, percent);
  return { ...found, got: `${percent(median(costs))}, at most ${found.got}` };
}

function readsBesideWrites({ interference }: Results): Target {
  const { alone = [], besideWrites = [] } = interference[platformName] ?? {};
  return target(
    "p99 of reads beside writes at full rate, compared with reads alone",
    ["≤", 5],
    medianP99(besideWrites) / medianP99(alone),
  );
}

const milliseconds = (value: number) => `${count(value)} ms`;
const megabytes = (value: number) => `${count(value)} MB`;

function replicas({ engine, replicas }: Results): Target[] {
  return Object.entries(goalsOn[engine].replicas).flatMap(([workload, ratio]) => {
    const { one = [], two = [] } = replicas.find((each) => each.workload === workload) ?? {};
    const title = `${titleOf(workload)}, two replicas on one database`;
    return [
      target(`${title}, compared with one`, ["≥", ratio], medianRate(two) / medianRate(one)),
      target(`${title}, p99`, ["<", 100], medianP99(two), milliseconds),
    ];
  });
}

function starts({ starts, engine }: Results): Target[] {
  const { startMs } = goalsOn[engine];
  if (startMs === undefined) return [];
  const own = median(starts[platformName]?.ms ?? []);
  const node = median(starts["node"]?.ms ?? []);
  return [
    target("Cold start to the first 200", ["<", startMs], own, milliseconds),
    target("Cold start, compared with node's", ["<", node], own, milliseconds),
  ];
}

const flatFromSeconds = 120;
const lastSeconds = 60;

function memory(results: Results): Target[] {
  const { soak } = results;
  return serviceNames.flatMap((service) => {
    const watched = service === "user-service" ? soak.users : soak.orders;
    const highest = Math.max(highestMegabytes(results, service), ...watched);
    const isLongEnough = watched.length >= flatFromSeconds + lastSeconds;
    const growth = isLongEnough
      ? median(watched.slice(-lastSeconds)) /
        median(watched.slice(flatFromSeconds - lastSeconds, flatFromSeconds))
      : Number.NaN;
    return [
      target(
        `Memory of ${service} under load, at most`,
        ["<", 150],
        Number.isFinite(highest) ? highest : Number.NaN,
        megabytes,
      ),
      target(
        `Memory of ${service} after ${soak.seconds} s of load, compared with its second minute`,
        ["≤", 1.1],
        growth,
      ),
    ];
  });
}

function growth({ growth }: Results): Target[] {
  return workloads.map(({ name, title }) => {
    const { few = [], many = [] } = growth.find(({ workload }) => workload === name) ?? {};
    const rows = growth[0]?.rows ?? 1_000_000;
    return target(
      `${title} on ${count(rows)} rows, its time compared with 10,000`,
      ["≤", 1.3],
      medianRate(few) / medianRate(many),
    );
  });
}
