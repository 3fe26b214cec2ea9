// Load, by wrk: https://github.com/wg/wrk
import { resolve } from "node:path";
import { track } from "./children.ts";

const scripts = resolve(import.meta.dir, "../workloads");

/** What one run of the load came to. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of 400 and above, and connections that failed, broke off or were not answered in time. */
  readonly errors: number;
  /** How much of one core wrk itself used: near 1 it measures itself. */
  readonly generatorShare: number;
}

/** What to ask, of whom, how. */
export interface LoadOptions {
  /** The service's origin. */
  readonly url: string;
  /** The name of a script in workloads/. */
  readonly script: string;
  readonly connections: number;
  readonly seconds: number;
  /** Users and orders that there were to begin with. */
  readonly rows: number;
  /** What is made carries this name, so that nothing is made twice. */
  readonly run: string;
  /** What is put in front of the command. */
  readonly pinned: readonly string[];
}

/** Why nothing can be loaded. */
export function wrkMissing(): string | undefined {
  return Bun.which("wrk") ? undefined : "Cannot measure without wrk: apt-get install wrk";
}

function start({ url, script, connections, seconds, rows, run, pinned }: LoadOptions) {
  const command = [
    "wrk",
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${Math.ceil(seconds)}s`,
    "--timeout=60s",
    `--script=${script}.lua`,
    url,
  ];
  const child = Bun.spawn([...pinned, ...command, "--", String(rows), run], {
    cwd: scripts,
    stdio: ["ignore", "pipe", "pipe"],
  });
  track(child);
  return child;
}

/** Loads a service for some time, of whole seconds. */
export async function load(options: LoadOptions): Promise<Load> {
  const { url, seconds } = options;
  const child = start(options);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  const summary = readSummary(stdout);
  if (summary === undefined) throw new Error(`Cannot load ${url}: wrk said\n${stdout}${stderr}`);
  const generatorMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  return { ...summary, generatorShare: generatorMs / 1000 / seconds };
}

/** Loads a service for some time, of any length, and does not look at what came of it. */
export async function warmUp(options: LoadOptions): Promise<void> {
  const child = start(options);
  const end = setTimeout(() => child.kill("SIGINT"), options.seconds * 1000);
  await child.exited;
  clearTimeout(end);
}

/** The figures that workloads/common.lua adds to what wrk prints; undefined if there are none. */
export function readSummary(output: string): Omit<Load, "generatorShare"> | undefined {
  const line = /^summary (.*)$/m.exec(output)?.[1];
  if (line === undefined) return undefined;
  const figures = new Map(
    line.split(" ").map((field) => {
      const [name = "", value] = field.split("=");
      return [name, Number(value)];
    }),
  );
  const figure = (name: string) => {
    const value = figures.get(name);
    if (value === undefined || Number.isNaN(value)) throw new Error(`wrk gave no ${name}: ${line}`);
    return value;
  };
  const requests = figure("requests");
  // Of no answer wrk says that it took no time.
  const ms = (name: string) => (requests === 0 ? Number.NaN : figure(name) / 1000);
  return {
    requests,
    requestsPerSecond: requests / (figure("duration_us") / 1e6),
    p50Ms: ms("p50_us"),
    p99Ms: ms("p99_us"),
    errors: ["connect", "read", "write", "status", "timeout"]
      .map((kind) => figure(`${kind}_errors`))
      // wrk sees nothing wrong with a service that is silent.
      .reduce((sum, count) => sum + count, requests === 0 ? 1 : 0),
  };
}
