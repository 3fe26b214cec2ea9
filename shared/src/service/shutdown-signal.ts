// What ends a service: a signal, or an error that nobody caught.
import type { Log } from "../telemetry/logger.ts";
import type { ServiceProcess } from "./definition.ts";

/** What there is to know of a service's end. */
export interface Stop {
  /** Resolves with the first reason to stop. */
  readonly reason: Promise<string>;
  /** Whether an error was not caught: what is answered next cannot be trusted. */
  hasFailed(): boolean;
}

/** Exit statuses of processes that a signal ended: 128 and its number. */
const exitStatus = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens for reasons to stop. A second signal ends the process at once. */
export function shutdownSignal(process: ServiceProcess, log: Log): Stop {
  const { promise, resolve } = Promise.withResolvers<string>();
  let isStopping = false;
  let isFailed = false;

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isStopping) {
        log.flush();
        process.exit(exitStatus[signal]);
      }
      isStopping = true;
      resolve(signal);
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (err: unknown) => {
      log.logger.fatal({ err }, event);
      isFailed = true;
      resolve(event);
    });
  }
  return {
    reason: promise,
    hasFailed: () => isFailed,
  };
}
