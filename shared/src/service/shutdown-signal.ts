// What ends a service: a signal of the operating system, or an error that no code caught.
import type { Log } from "../telemetry/logger.ts";
import type { ServiceProcess } from "./definition.ts";

/** Exit statuses of processes that a signal ended: 128 and the signal's number. */
const exitStatus = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Listens for the causes of a shutdown, and logs errors. A second signal ends the process at once,
 * so that an operator does not have to wait for requests in flight.
 */
export function shutdownSignal(process: ServiceProcess, log: Log) {
  const shutdown = new AbortController();
  let isSignalled = false;
  let isFailed = false;

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isSignalled) {
        log.flush();
        process.exit(exitStatus[signal]);
      }
      isSignalled = true;
      shutdown.abort(signal);
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (err: unknown) => {
      log.logger.fatal({ err }, event);
      isFailed = true;
      shutdown.abort(event);
    });
  }
  return {
    /**
     * Aborted by the first cause. Its `reason` names the cause: `SIGINT`, `SIGTERM`,
     * `uncaughtException` or `unhandledRejection`.
     */
    signal: shutdown.signal,
    /** Whether an error was not caught, before or during the shutdown: the state may be wrong. */
    hasFailed: () => isFailed,
  };
}
