// Load, by wrk: https://github.com/wg/wrk
import { resolve } from "node:path";
import { track } from "./children.ts";
import { median } from "./numbers.ts";

const scripts = resolve(import.meta.dir, "../workloads");

/** The figures of one run of wrk. */
export interface Load {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Responses of 400 and above, failed and broken connections, and timeouts. */
  readonly errors: number;
  /** The part of a core that wrk used. Near 1, wrk was the limit and not the service. */
  readonly generatorShare: number;
}

/** The median of the rates; NaN of none. */
export function medianRate(loads: readonly Pick<Load, "requestsPerSecond">[]): number {
  return median(loads.map(({ requestsPerSecond }) => requestsPerSecond));
}

/** The median of the 99th percentiles; NaN of none. */
export function medianP99(loads: readonly Pick<Load, "p99Ms">[]): number {
  return median(loads.map(({ p99Ms }) => p99Ms));
}

/** The errors of all loads. */
export function totalErrors(loads: readonly Pick<Load, "errors">[]): number {
  return loads.reduce((sum, { errors }) => sum + errors, 0);
}

/** A load. */
export interface LoadOptions {
  /** The service's origin. */
  readonly url: string;
  /** The name of a script in workloads/. */
  readonly script: string;
  /** More header fields of its GET requests. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
  /** The number of users and orders in the seed. */
  readonly rows: number;
  /** Part of the name of everything that this load creates, so that it is unique. */
  readonly run: string;
  /** The words in front of the command that pin it to a core. */
  readonly pinned: readonly string[];
}

/** Why no load can be sent; undefined if it can. */
export function wrkMissing(): string | undefined {
  return Bun.which("wrk") ? undefined : "Cannot measure without wrk: apt-get install wrk";
}

/** Starts wrk. */
export function startWrk(options: LoadOptions) {
  const { url, script, headers = {}, connections, seconds, rows, run, pinned } = options;
  const command = [
    "wrk",
    "--threads=1",
    `--connections=${connections}`,
    `--duration=${Math.ceil(seconds)}s`,
    "--timeout=60s",
    `--script=${script}.lua`,
    ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
    url,
  ];
  const child = Bun.spawn([...pinned, ...command, "--", String(rows), run], {
    cwd: scripts,
    stdio: ["ignore", "pipe", "pipe"],
  });
  track(child);
  return child;
}

/** The figures of wrk when it has ended, and the processor time that it used. @throws Error if it could not connect */
export async function figuresOf(child: ReturnType<typeof startWrk>, url: string) {
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  const summary = readSummary(stdout);
  if (summary === undefined) throw new Error(`Cannot load ${url}: wrk printed\n${stdout}${stderr}`);
  const generatorMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  return { ...summary, generatorMs };
}

/** Sends load to a service, for whole seconds. @throws Error if wrk could not connect */
export async function load(options: LoadOptions): Promise<Load> {
  const { url, seconds } = options;
  const { generatorMs, ...summary } = await figuresOf(startWrk(options), url);
  return { ...summary, generatorShare: generatorMs / 1000 / seconds };
}

/** Sends load to a service, for any time, and ignores the figures. */
export async function warmUp(options: LoadOptions): Promise<void> {
  const child = startWrk(options);
  const end = setTimeout(() => child.kill("SIGINT"), options.seconds * 1000);
  await child.exited;
  clearTimeout(end);
}

/** The figures that workloads/common.lua adds to the output of wrk; undefined if there are none. */
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
  // Without a response, wrk reports latencies of 0.
  const ms = (name: string) => (requests === 0 ? Number.NaN : figure(name) / 1000);
  return {
    requests,
    requestsPerSecond: requests / (figure("duration_us") / 1e6),
    p50Ms: ms("p50_us"),
    p99Ms: ms("p99_us"),
    errors: ["connect", "read", "write", "status", "timeout"]
      .map((kind) => figure(`${kind}_errors`))
      // wrk counts no error for a service that never responds.
      .reduce((sum, count) => sum + count, requests === 0 ? 1 : 0),
  };
}
