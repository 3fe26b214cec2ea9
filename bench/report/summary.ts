// The report as text: for the terminal, and as results.md.
import { serviceNames } from "../peers/peer.ts";
import type { Sample } from "../measure/sample.ts";
import { authentications } from "../measure/tokens.ts";
import { recordings } from "../measure/traces.ts";
import type { VariantStarts } from "../measure/variants.ts";
import { count, median, medianInterval, percent, range, times } from "../tools/numbers.ts";
import { medianP99, medianRate, totalErrors } from "../tools/wrk.ts";
import { titleOf } from "../workloads/index.ts";
import {
  allSamples,
  costsOf,
  errorsIn,
  highestMegabytes,
  platformName,
  type Results,
} from "./results.ts";
import { table } from "./table.ts";
import { judge, type Target } from "./targets.ts";

/** Writes the report in Markdown. */
export function summarise(results: Results): string {
  const targets = judge(results);
  return [
    `# Benchmark on ${results.engine}, ${results.mode}, ${results.startedAt}`,
    circumstances(results),
    "## Requests per second",
    "Medians; in brackets the rate of the platform, divided by the rate of the peer.",
    throughputTable(results),
    "## Latency",
    "p50 / p99 in milliseconds, medians.",
    latencyTable(results),
    "## Processor time",
    "Microseconds of a core for one request, of both services together; medians. A busy machine " +
      "changes these less than rates.",
    processorTable(results, ({ processorUsPerRequest }) => processorUsPerRequest),
    ...serverPart(results),
    "## Traces",
    "GET /users/{id} of user-service, which sends its spans to a collector on the core of the load: " +
      "requests per second, processor time for one request, and the part of the throughput that this " +
      `time costs; medians of ${results.traces.starts.length} starts of each process, which are compared ` +
      "start by start. The interval is that of the median's order statistics, which assumes no " +
      `distribution. The collector got ${count(results.traces.spans)} spans.`,
    variantTable("Recorded", recordings, results.traces.starts),
    "## Tokens",
    "GET /users/{id} of user-service with and without authentication; on, each request has the same token, " +
      "which the service has verified before. The columns are those of the table above.",
    variantTable("Authentication", authentications, results.tokens),
    "## Start and memory",
    "user-service: from the start of the process to its first 200, and its memory after that; " +
      "the highest memory of each service at the end of a load.",
    startTable(results),
    "## Reads beside writes",
    "GET /users/{id}: p99 in milliseconds, alone and beside POST /users at full rate.",
    interferenceTable(results),
    "## Targets",
    targetTable(targets),
    unmeasured(targets),
  ].join("\n\n");
}

function circumstances(results: Results): string {
  const { host, placement, flushesPerSecond, commit, missing, seconds } = results;
  return [
    `- ${host.processor}, ${host.cores} cores, ${host.memoryGigabytes} GB, Linux ${host.kernel}, ` +
      `Bun ${host.bun}; ${placement}; load average at the start ${count(host.loadAverage)}`,
    `- ${results.storage}`,
    `- The disk: ${flushesPerSecond.map(count).join(", then ")} flushes of 4 KiB a second`,
    `- Commit ${commit}; ${duration(seconds)}; errors: ${errorsIn(results)}`,
    othersLine(results),
    ...missing.map(({ title, install }) => `- Left out: ${title}. To include it: ${install}`),
    ...generatorWarning(results),
  ].join("\n");
}

/** The median of one figure over rounds; NaN if there are none. */
function medianOf<T>(samples: readonly T[], figure: (sample: T) => number): number {
  return median(samples.map(figure));
}

function othersLine(results: Results): string {
  // Beside the traces their collector works, which counts as another process.
  const withoutTraces = { ...results, traces: { ...results.traces, starts: [] } };
  const shares = allSamples(withoutTraces).map(({ othersShare }) => Math.round(othersShare * 100));
  return (
    `- Other processes used ${count(median(shares))} % of the cores, at most ` +
    `${count(Math.max(...shares))} %, traces left out: above a few per cent, none of these figures is reliable`
  );
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}

const busyShare = 0.9;

function generatorWarning({ throughput }: Results): string[] {
  const busy = throughput.filter(({ samples }) =>
    Object.values(samples).some(
      (own) => medianOf(own, ({ generatorShare }) => generatorShare) > busyShare,
    ),
  );
  return busy.map(
    ({ workload, connections }) =>
      `- wrk itself was the limit of ${workload} at ${connections} connections for at least one peer`,
  );
}

function throughputTable(results: Results): string {
  const others = results.peers.filter(({ name }) => name !== platformName);
  const header = ["Workload", "Conn.", "Platform", "min–max", "p50 ms", "p99 ms"];
  const rows = results.throughput.map(({ workload, connections, samples }) => {
    const own = samples[platformName] ?? [];
    const rate = medianRate(own);
    const rates = range(own.map(({ requestsPerSecond }) => requestsPerSecond));
    return [
      titleOf(workload),
      String(connections),
      count(rate),
      rates.map(count).join("–"),
      count(medianOf(own, ({ p50Ms }) => p50Ms)),
      count(medianP99(own)),
      ...others.map(({ name }) => {
        const other = medianRate(samples[name] ?? []);
        return `${count(other)} (${times(rate / other)})`;
      }),
      String(totalErrors(Object.values(samples).flat())),
    ];
  });
  return table([...header, ...others.map(({ title }) => title), "Errors"], rows);
}

/** A row for each workload, a column for each peer. */
function peerTable(results: Results, cell: (samples: readonly Sample[]) => string): string {
  const rows = results.throughput.map(({ workload, connections, samples }) => [
    titleOf(workload),
    String(connections),
    ...results.peers.map(({ name }) => cell(samples[name] ?? [])),
  ]);
  return table(["Workload", "Conn.", ...results.peers.map(({ title }) => title)], rows);
}

function latencyTable(results: Results): string {
  return peerTable(results, (samples) => {
    const p50 = medianOf(samples, ({ p50Ms }) => p50Ms);
    return `${count(p50)} / ${count(medianP99(samples))}`;
  });
}

function processorTable(results: Results, figure: (sample: Sample) => number): string {
  return peerTable(results, (samples) => count(medianOf(samples, figure)));
}

function serverPart(results: Results): string[] {
  if (results.engine === "sqlite") return [];
  return [
    "The same of the database server.",
    processorTable(results, ({ serverUsPerRequest }) => serverUsPerRequest),
  ];
}

function startTable(results: Results): string {
  const rows = results.peers.map(({ name, title }) => {
    const { ms = [], idleMegabytes = [] } = results.starts[name] ?? {};
    return [
      title,
      `${count(median(ms))} ms`,
      range(ms).map(count).join("–"),
      `${count(median(idleMegabytes))} MB`,
      ...serviceNames.map((service) => `${count(highestMegabytes(results, service, name))} MB`),
    ];
  });
  return table(["Peer", "Start", "min–max", "Idle", ...serviceNames], rows);
}

function variantTable(
  heading: string,
  variants: readonly { readonly name: string; readonly title: string }[],
  starts: VariantStarts,
): string {
  const rows = variants.map(({ name, title }) => {
    const samples = starts.flatMap((start) => start[name] ?? []);
    const costs = costsOf(starts, name);
    return [
      title,
      count(medianRate(samples)),
      count(medianOf(samples, ({ processorUsPerRequest }) => processorUsPerRequest)),
      percent(median(costs)),
      ...[medianInterval(costs), range(costs)].map((ends) => ends.map(percent).join(" to ")),
    ];
  });
  return table([heading, "Requests/s", "µs", "Cost", "95 % interval", "min to max"], rows);
}

function interferenceTable({ peers, interference }: Results): string {
  const rows = peers
    .filter(({ name }) => name in interference)
    .map(({ name, title }) => {
      const { alone = [], besideWrites = [], writes = [] } = interference[name] ?? {};
      const [before, after] = [medianP99(alone), medianP99(besideWrites)];
      const rates = [alone, besideWrites, writes].map((loads) => count(medianRate(loads)));
      return [title, count(before), count(after), times(after / before), ...rates];
    });
  const rates = ["Reads/s alone", "beside", "Writes/s"];
  return table(["Peer", "p99 alone", "p99 beside", "Ratio", ...rates], rows);
}

function targetTable(targets: readonly Target[]): string {
  const rows = targets
    .filter(({ isReached }) => isReached !== undefined)
    .map(({ title, wanted, got, isReached }) => [
      title,
      wanted,
      got,
      isReached ? "reached" : "NOT reached",
    ]);
  return table(["Target", "Wanted", "Got", ""], rows);
}

function unmeasured(targets: readonly Target[]): string {
  const reached = targets.filter(({ isReached }) => isReached === true).length;
  const missed = targets.filter(({ isReached }) => isReached === false).length;
  const rest = targets.length - reached - missed;
  return `${reached} reached, ${missed} not reached, ${rest} not measured.\n`;
}
