// A service that an operator stops and starts again, on the port under which Prometheus knows it.
import type { Running, ServiceName } from "../../shared/testing/executable.ts";
import { startCapturedService } from "../support/captured-service.ts";

/** How a process is started. */
export interface Start {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A service whose process may change; the last one is killed at the end of its scope. */
export interface RestartableService extends AsyncDisposable, Pick<Running, "fetch" | "port"> {
  readonly service: ServiceName;
  /** Of the process that was started last. */
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, if the process still runs, and resolves when it has ended. */
  stop(): Promise<void>;
  /** Starts the next process, after the end of the last one. Default: as the first one. */
  start(start?: Start): Promise<void>;
}

/** Starts a service on a free port. */
export async function startRestartable(
  service: ServiceName,
  first: Start,
): Promise<RestartableService> {
  let running = await startCapturedService(service, { ...first, isKept: false });
  const { port } = running;
  return {
    service,
    port,
    get pid() {
      return running.pid;
    },
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    kill: (signal) => running.kill(signal),
    async stop() {
      running.kill("SIGTERM");
      await running.exited;
    },
    async start({ cwd, env } = first) {
      await running.exited;
      const onPort = { ...env, PORT: String(port) };
      running = await startCapturedService(service, { cwd, env: onPort, isKept: false });
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
