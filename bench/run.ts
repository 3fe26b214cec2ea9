// `bun run bench`: measures the platform beside its peers. README.md explains the report.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkResponses } from "./measure/responses.ts";
import type { Engine } from "./engines/engine.ts";
import { postgresEngine } from "./engines/postgres.ts";
import { sqliteEngine } from "./engines/sqlite.ts";
import type { Bench } from "./measure/bench.ts";
import { measureStarts } from "./measure/cold-start.ts";
import { measureGrowth, type Growth } from "./measure/growth.ts";
import { measureInterference } from "./measure/interference.ts";
import { measureReplicas } from "./measure/replicas.ts";
import { measureSoak } from "./measure/soak.ts";
import { measureTokens } from "./measure/tokens.ts";
import { measureTraces } from "./measure/traces.ts";
import { compare, type Comparison } from "./measure/throughput.ts";
import { readOptions } from "./options.ts";
import type { Peer } from "./peers/peer.ts";
import { fullPlan, quickPlan } from "./plan.ts";
import { drawChart } from "./report/chart.ts";
import { errorsIn, type Results } from "./report/results.ts";
import { summarise } from "./report/summary.ts";
import { judge } from "./report/targets.ts";
import { killChildren } from "./tools/children.ts";
import { count } from "./tools/numbers.ts";
import {
  describeHost,
  diskMissing,
  flushesPerSecond,
  placement,
  type Placement,
} from "./tools/host.ts";
import { say } from "./tools/progress.ts";
import { run, succeeds } from "./tools/run.ts";
import type { ReadyPeer } from "./tools/system.ts";
import { wrkMissing } from "./tools/wrk.ts";

const options = readOptions();
const plan = options.isQuick ? quickPlan : fullPlan;
const startedAt = new Date();

const obstacle = wrkMissing() ?? (await diskMissing(options.folder));
if (obstacle !== undefined) {
  process.stderr.write(`${obstacle}\n`);
  process.exit(1);
}

const folder = await mkdtemp(join(options.folder, "platform-bench-"));
const interruption = Promise.withResolvers<never>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => interruption.reject(`Interrupted by ${signal}`));
}

/** Builds a peer. @returns what to install first if it cannot be built here */
async function setUp(peer: Peer): Promise<ReadyPeer | string> {
  const { name, title, isBare = false, env = {} } = peer;
  const install = await peer.missing();
  if (install !== undefined) return install;
  say(`Setting up ${title}`);
  const place = join(folder, `bin-${name}`);
  await mkdir(place);
  return { name, title, isBare, env, launch: await peer.setUp(place) };
}

/** Builds the peers, without those that cannot be built here. @throws Error if it is the platform */
async function setUpAll() {
  const ready: ReadyPeer[] = [];
  const missing: { title: string; install: string }[] = [];
  for (const peer of options.peers) {
    const built = await setUp(peer).catch((error: unknown) => {
      if (ready.length === 0) throw error;
      return error instanceof Error ? error.message : String(error);
    });
    if (typeof built !== "string") {
      ready.push(built);
      continue;
    }
    say(`Left out: ${peer.title}. To include it: ${built}`);
    missing.push({ title: peer.title, install: built.replace(/\n.*/s, "") });
  }
  return { ready, missing };
}

async function startEngine({ load }: Placement): Promise<Engine> {
  // On the core of the load: in production the server has a machine of its own.
  return options.engine === "postgres" ? postgresEngine(folder, load) : sqliteEngine(folder);
}

async function measure(): Promise<Results> {
  const { ready, missing } = await setUpAll();
  const [platform] = ready;
  if (platform === undefined) throw new Error("There is no peer to measure");
  const where = placement(options.engine);
  await using engine = await startEngine(where);
  say(`On ${options.folder}; ${engine.description}; ${where.description}`);
  const flushMs = options.isQuick ? 500 : 3000;
  const flushesBefore = await flushesPerSecond(folder, flushMs);
  say(`The disk: ${count(flushesBefore)} flushes a second`);

  const seed = await engine.makeSeed(platform.launch, 10_000);
  const bench: Bench = { platform, peers: ready, seed, folder, placement: where };
  await checkResponses(bench);
  say("All peers give the same responses");

  const { parts } = options;
  const starts = parts.has("starts") ? await measureStarts(bench, plan.starts) : {};
  const throughput: Comparison[] = [];
  for (const workload of parts.has("throughput") ? options.workloads : []) {
    throughput.push(...(await compare(bench, workload, plan.throughput)));
  }
  const traces = parts.has("traces")
    ? await measureTraces(bench, plan.traces)
    : { starts: [], spans: 0 };
  const tokens = parts.has("tokens") ? await measureTokens(bench, plan.tokens) : [];
  const beside = plan.isInterferenceOfAll ? ready : [platform];
  const interference = parts.has("interference")
    ? await measureInterference({ ...bench, peers: beside }, plan.interference)
    : {};
  const replicas = parts.has("replicas") ? await measureReplicas(bench, plan.replicas) : [];
  const growth: Growth[] = [];
  if (plan.growth && parts.has("growth")) {
    say(`Filling databases with ${count(plan.growth.rows)} rows`);
    const many = await engine.makeSeed(platform.launch, plan.growth.rows);
    for (const workload of options.workloads) {
      growth.push(await measureGrowth(bench, many, workload, plan.growth));
    }
  }
  const soak = parts.has("soak")
    ? await measureSoak(bench, plan.soak)
    : { seconds: 0, users: [], orders: [], errors: 0 };

  return {
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    mode: options.isQuick ? "quick" : "full",
    engine: options.engine,
    storage: engine.description,
    commit: (await run(["git", "rev-parse", "--short=12", "HEAD"]).catch(() => "unknown")).trim(),
    host: describeHost(),
    placement: where.description,
    flushesPerSecond: [flushesBefore, await flushesPerSecond(folder, flushMs)],
    peers: ready.map(({ name, title }) => ({ name, title })),
    missing,
    throughput,
    traces,
    tokens,
    starts,
    interference,
    replicas,
    growth,
    soak,
  };
}

/** Rounds to five digits: no figure here is more exact. */
function rounded(_name: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value)
    ? Number(value.toPrecision(5))
    : value;
}

/** Prints the report and writes it. @returns the number of requests that failed */
async function report(results: Results): Promise<number> {
  const text = summarise(results);
  const [{ connections } = { connections: 64 }] = plan.throughput.levels;
  const json = join(options.output, "results.json");
  const markdown = join(options.output, "results.md");
  const chart = join(options.output, "chart.svg");
  await mkdir(options.output, { recursive: true });
  await Bun.write(json, JSON.stringify({ ...results, targets: judge(results) }, rounded));
  await Bun.write(markdown, text);
  await Bun.write(chart, drawChart(results, connections));
  // `bun run check` refuses files that are not formatted.
  await succeeds([join(import.meta.dir, "../node_modules/.bin/oxfmt"), json, markdown]);
  process.stdout.write(`\n${text}\nWritten to ${options.output}\n`);
  return errorsIn(results);
}

try {
  const errors = await report(await Promise.race([measure(), interruption.promise]));
  if (errors > 0) throw new Error(`${errors} requests failed: the figures above are meaningless`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  killChildren();
  await rm(folder, { recursive: true, force: true });
}
process.exit();
