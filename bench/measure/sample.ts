// One measurement: load on one service, and the processor time and memory that it took.
import { cpus } from "node:os";
import type { ServiceName } from "../peers/peer.ts";
import {
  machineBusyMs,
  residentMegabytes,
  settled,
  totalProcessorMs,
} from "../tools/process-facts.ts";
import { startSystem, type System } from "../tools/system.ts";
import { load, warmUp, type Load, type LoadOptions } from "../tools/wrk.ts";
import type { Workload } from "../workloads/index.ts";
import type { Bench } from "./bench.ts";

/** The figures of one measurement. */
export interface Sample extends Load {
  /** Processor time of all of the peer's services for one request, in microseconds. */
  readonly processorUsPerRequest: number;
  /** Processor time of the database server for one request, in microseconds; 0 without a server. */
  readonly serverUsPerRequest: number;
  /** Memory of each service at the end of the load. */
  readonly residentMegabytes: Readonly<Partial<Record<ServiceName, number>>>;
  /** The part of all cores that other processes used, from 0 to 1. */
  readonly othersShare: number;
}

/** A load on a system. */
interface SampleOptions extends Omit<LoadOptions, "url" | "script" | "headers"> {
  readonly workload: Pick<Workload, "name" | "service">;
}

/** What wrk is to send to a system. */
export function loadOf(system: System, { workload, ...rest }: SampleOptions): LoadOptions {
  const { headers = {} } = system.peer;
  return { ...rest, headers, url: system.urlOf(workload.service), script: workload.name };
}

/** Sends the same load as {@link sample} without measuring it. */
export async function warm(system: System, options: SampleOptions): Promise<void> {
  await warmUp(loadOf(system, options));
  system.ensureRunning();
  await settled(system.pids);
}

/** Measures once, and waits until the services are idle again. */
export async function sample(system: System, options: SampleOptions): Promise<Sample> {
  const { pids, servers } = system;
  const used = () => totalProcessorMs(pids);
  const usedBefore = used();
  const serverBefore = system.serverMs();
  const busyBefore = machineBusyMs();
  const startedAt = performance.now();
  const result = await load(loadOf(system, options));
  system.ensureRunning();
  const tookMs = performance.now() - startedAt;
  const usedMs = used() - usedBefore;
  const serverUsedMs = system.serverMs() - serverBefore;
  const generatorMs = result.generatorShare * options.seconds * 1000;
  const othersMs = machineBusyMs() - busyBefore - usedMs - serverUsedMs - generatorMs;
  const memory = [...servers].map(([name, { pid }]) => [name, residentMegabytes(pid)] as const);
  // A slow service still has a queue, and working through it would slow down the next peer.
  await settled(pids);
  return {
    ...result,
    processorUsPerRequest: (usedMs * 1000) / result.requests,
    serverUsPerRequest: (serverUsedMs * 1000) / result.requests,
    residentMegabytes: Object.fromEntries(memory),
    othersShare: Math.max(0, othersMs / (tookMs * cpus().length)),
  };
}

/** The services that must run so that requests can be sent to one of them. */
export function neededFor(service: ServiceName): readonly ServiceName[] {
  return service === "user-service" ? [service] : ["user-service", service];
}

/** Starts peers at the same time. If one fails, the stack still ends the others. */
export async function startAll(
  stack: AsyncDisposableStack,
  { peers, seed, folder, placement }: Bench,
  service: ServiceName,
): Promise<System[]> {
  const services = neededFor(service);
  const started = await Promise.allSettled(
    peers.map((peer) => startSystem(peer, { seed, folder, services, pinned: placement.server })),
  );
  const systems = started
    .filter((result) => result.status === "fulfilled")
    .map(({ value }) => stack.use(value));
  const failed = started.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return systems;
}
