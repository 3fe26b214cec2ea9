// The targets of the platform, and whether a run reached them.
import { count, median, times } from "../tools/numbers.ts";
import { workloads, type WorkloadName } from "../workloads/index.ts";
import { medianOf, platformName, rateOf, type Results } from "./results.ts";

/** A target, and the figure of a run. */
export interface Target {
  readonly title: string;
  readonly wanted: string;
  readonly got: string;
  /** Undefined if it was not measured. */
  readonly isReached: boolean | undefined;
}

type Goals = Readonly<Record<string, number>>;

const reads: Goals = { floor: 0.7, node: 2, go: 2, original: 40 };
const writes: Goals = { floor: 0.9, node: 5, go: 5, original: 40 };
const orders: Goals = { floor: 1.2, node: 6, go: 4, original: 200 };

/** For a workload and a number of connections: the least ratio of the platform's rate to each peer's. */
const goals: readonly (readonly [WorkloadName, number, Goals])[] = [
  ["get-user", 64, reads],
  ["get-order", 64, reads],
  ["post-user", 64, writes],
  ["patch-user", 64, writes],
  ["post-order", 64, orders],
  ["post-order-hot", 64, orders],
  ["post-order", 256, orders],
  ["post-order-hot", 256, orders],
  ["list-users", 64, { floor: 0.85 }],
  ["mix-users", 64, { floor: 0.9 }],
];

const titleOf = (name: string) => workloads.find((one) => one.name === name)?.title ?? name;

/** Compares a figure with a bound. A figure that is NaN was not measured. */
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
    isReached: Number.isNaN(got) ? undefined : reached[bound],
  };
}

/** Every target, in the order of the report. */
export function judge(results: Results): Target[] {
  return [
    ...ratios(results),
    ...aheadEverywhere(results),
    ...heldAtMany(results),
    readsBesideWrites(results),
    ...replicas(results),
    ...starts(results),
    ...memory(results),
    ...growth(results),
  ];
}

function ratios(results: Results): Target[] {
  return goals.flatMap(([workload, connections, wanted]) => {
    const own = rateOf(results, { workload, connections, peer: platformName });
    return Object.entries(wanted).map(([peer, ratio]) =>
      target(
        `${titleOf(workload)}, ${connections} connections, compared with ${peer}`,
        ["≥", ratio],
        own / rateOf(results, { workload, connections, peer }),
      ),
    );
  });
}

function aheadEverywhere(results: Results): Target[] {
  return ["node", "go", "original"].map((peer) => {
    const leads = results.throughput
      .map(({ workload, connections }) => ({
        ratio:
          rateOf(results, { workload, connections, peer: platformName }) /
          rateOf(results, { workload, connections, peer }),
        where: `${titleOf(workload)} at ${connections}`,
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
  return workloads.map(({ name: workload, title }) => {
    const rate = (connections: number) =>
      rateOf(results, { workload, connections, peer: platformName });
    return target(
      `${title} at 256 connections, compared with 64`,
      ["≥", 0.9],
      rate(256) / rate(64),
    );
  });
}

function readsBesideWrites({ interference }: Results): Target {
  const { alone = [], besideWrites = [] } = interference[platformName] ?? {};
  return target(
    "p99 of reads beside writes at full rate, compared with reads alone",
    ["≤", 5],
    medianOf(besideWrites, ({ p99Ms }) => p99Ms) / medianOf(alone, ({ p99Ms }) => p99Ms),
  );
}

const milliseconds = (value: number) => `${count(value)} ms`;
const megabytes = (value: number) => `${count(value)} MB`;

function replicas({ replicas }: Results): Target[] {
  return (
    [
      ["get-user", 1.3],
      ["post-user", 0.9],
    ] as const
  ).flatMap(([workload, ratio]) => {
    const { one = [], two = [] } = replicas.find((each) => each.workload === workload) ?? {};
    const rate = (of: typeof one) => medianOf(of, ({ requestsPerSecond }) => requestsPerSecond);
    const title = `${titleOf(workload)}, two replicas on one file`;
    return [
      target(`${title}, compared with one`, ["≥", ratio], rate(two) / rate(one)),
      target(
        `${title}, p99`,
        ["<", 100],
        medianOf(two, ({ p99Ms }) => p99Ms),
        milliseconds,
      ),
    ];
  });
}

function starts({ starts }: Results): Target[] {
  const own = median(starts[platformName]?.ms ?? []);
  const node = median(starts["node"]?.ms ?? []);
  const versusNode = target("Cold start, compared with node's", ["<", node], own, milliseconds);
  return [
    target("Cold start to the first 200", ["<", 60], own, milliseconds),
    Number.isNaN(node) ? { ...versusNode, isReached: undefined } : versusNode,
  ];
}

const flatFromSeconds = 120;
const lastSeconds = 60;

function memory({ throughput, soak }: Results): Target[] {
  return (
    [
      ["user-service", "users"],
      ["order-service", "orders"],
    ] as const
  ).flatMap(([service, which]) => {
    const loaded = throughput
      .flatMap(({ samples }) => samples[platformName] ?? [])
      .flatMap(({ residentMegabytes }) => residentMegabytes[service] ?? []);
    const watched = soak?.[which] ?? [];
    const highest = Math.max(...loaded, ...watched);
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
        `Memory of ${service} after ${soak?.seconds ?? 0} s of load, compared with its second minute`,
        ["≤", 1.1],
        growth,
      ),
    ];
  });
}

function growth({ growth }: Results): Target[] {
  return workloads.map(({ name, title }) => {
    const { few = [], many = [] } = growth.find(({ workload }) => workload === name) ?? {};
    const rate = (of: typeof few) => medianOf(of, ({ requestsPerSecond }) => requestsPerSecond);
    const rows = growth[0]?.rows ?? 1_000_000;
    return target(
      `${title} on ${count(rows)} rows, its time compared with 10,000`,
      ["≤", 1.3],
      rate(few) / rate(many),
    );
  });
}
