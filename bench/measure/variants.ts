// The platform in several variants, such as with and without traces, whose small differences are to be shown.
import { cpus } from "node:os";
import { count, rotated, shuffled } from "../tools/numbers.ts";
import { pausingLoad, type TurnFigures } from "../tools/pausing-load.ts";
import { machineBusyMs, settled, totalProcessorMs } from "../tools/process-facts.ts";
import { say } from "../tools/progress.ts";
import type { ReadyPeer, System } from "../tools/system.ts";
import type { LoadOptions } from "../tools/wrk.ts";
import { workloads } from "../workloads/index.ts";
import type { Bench, Pace } from "./bench.ts";
import { loadOf, startAll, warm, type Sample } from "./sample.ts";

/** How often the processes are started, and how each of them is measured. */
export interface VariantPace extends Pace {
  readonly starts: number;
}

/** The figures of one round of a variant. */
export type VariantSample = Pick<
  Sample,
  "requests" | "requestsPerSecond" | "errors" | "processorUsPerRequest" | "othersShare"
>;

/** For each start of all variants, the rounds of each of them, by its name. */
export type VariantStarts = readonly Readonly<Record<string, readonly VariantSample[]>>[];

/** What a variant has beside the platform itself. Its variables are added to the platform's. */
export type Variant = Pick<ReadyPeer, "name" | "title" | "env" | "headers">;

/**
 * In ms. The speed of a machine that others use changes within a second by more than what is to be shown: only in
 * short turns do all variants get the same of it.
 */
const turnMs = 50;

/** In ms, after a turn: the service has yet to respond to the requests that wrk had sent when it was stopped. */
const pauseMs = 5;

/** A variant with its load. */
interface Contender {
  readonly system: System;
  readonly load: ReturnType<typeof pausingLoad>;
  /** Processor time that the system has used, in ms. */
  readonly usedMs: () => number;
}

function contender(system: System, load: LoadOptions): Contender {
  const used = () => totalProcessorMs(system.pids);
  const usedBefore = used();
  return { system, load: pausingLoad(load), usedMs: () => used() - usedBefore };
}

/**
 * One round: the variants take turns until each of them had so many. The order of the turns is by chance, since a
 * variant that always came after the same other one would have the caches that this one leaves.
 */
async function round(contenders: readonly Contender[], turns: number): Promise<VariantSample[]> {
  const serverMs = () => contenders[0]?.system.serverMs() ?? 0;
  const [busyBefore, serverBefore] = [machineBusyMs(), serverMs()];
  const startedAt = performance.now();
  for (let turn = 1; turn < turns; turn += 1) {
    for (const { load } of shuffled(contenders)) {
      await load.takeTurn(turnMs);
      await Bun.sleep(pauseMs);
    }
  }
  const figures: TurnFigures[] = [];
  for (const { load, system } of contenders) {
    figures.push(await load.takeLastTurn(turnMs));
    system.ensureRunning();
    await settled(system.pids);
  }
  const tookMs = performance.now() - startedAt;
  const used = contenders.map(({ usedMs }) => usedMs());
  const generators = figures.map(({ generatorMs }) => generatorMs);
  const serverUsedMs = serverMs() - serverBefore;
  const ownMs = [serverUsedMs, ...used, ...generators].reduce((sum, ms) => sum + ms, 0);
  const othersMs = Math.max(0, machineBusyMs() - busyBefore - ownMs);
  return figures.map(({ requests, requestsPerSecond, errors }, index) => ({
    requests,
    requestsPerSecond,
    errors,
    processorUsPerRequest: ((used[index] ?? Number.NaN) * 1000) / requests,
    othersShare: othersMs / (tookMs * cpus().length),
  }));
}

/**
 * Measures GET /users/{id} of each variant in as many processes as there are starts. Two processes of one
 * executable differ by more than what is to be shown: memory is laid out differently, and functions are
 * compiled in another order.
 *
 * @param title for the progress
 */
export async function compareVariants(
  bench: Bench,
  title: string,
  variants: readonly Variant[],
  { starts, rounds, connections, seconds, warmUpSeconds }: VariantPace,
): Promise<VariantStarts> {
  const { platform, placement, seed } = bench;
  const peers = variants.map(({ env, ...variant }) => ({
    ...platform,
    ...variant,
    env: { ...platform.env, ...env },
  }));
  const [workload] = workloads;
  const options = { workload, connections, rows: seed.rows, pinned: placement.load };
  const measured: Record<string, VariantSample[]>[] = [];
  for (let start = 1; start <= starts; start += 1) {
    await using stack = new AsyncDisposableStack();
    // Each variant is the first to be warmed up, and the last, in as many starts.
    const ordered = rotated(peers, start - 1);
    const systems = await startAll(stack, { ...bench, peers: ordered }, workload.service);
    for (const system of systems) {
      await warm(system, { ...options, seconds: warmUpSeconds, run: "warm-up" });
    }
    const samples: Record<string, VariantSample[]> = {};
    for (let n = 1; n <= rounds; n += 1) {
      const contenders = systems.map((system) =>
        contender(system, loadOf(system, { ...options, seconds, run: `round-${n}` })),
      );
      const results = await round(contenders, Math.ceil((seconds * 1000) / turnMs));
      const figures = results.map((result, index) => {
        const { name = "" } = ordered[index] ?? {};
        (samples[name] ??= []).push(result);
        const errors = result.errors > 0 ? ` (${result.errors} ERRORS)` : "";
        return `${name} ${count(result.processorUsPerRequest)} µs${errors}`;
      });
      const turn = `${title}, start ${start} of ${starts}, round ${n} of ${rounds}`;
      say(`${turn}: ${figures.toSorted().join(", ")}`);
    }
    measured.push(samples);
  }
  return measured;
}
