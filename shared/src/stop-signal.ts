// What ends a service: a signal, or an error that nobody caught.
import type { Log } from "./logger.ts";
import type { ServiceProcess } from "./service.ts";

/** Why a service is to stop. */
export interface StopReason {
  readonly reason: string;
  /** It failed: what it answers next cannot be trusted, and there is no time to lose. */
  readonly failure: boolean;
}

/** Exit statuses of processes that a signal ended: 128 and its number. */
const exitStatus = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves with the first reason to stop. A second signal ends the process at once. */
export function stopSignal(process: ServiceProcess, log: Log): Promise<StopReason> {
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  let isStopping = false;

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (isStopping) {
        log.flush();
        process.exit(exitStatus[signal]);
      }
      isStopping = true;
      resolve({ reason: signal, failure: false });
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (err: unknown) => {
      log.logger.fatal({ err }, event);
      resolve({ reason: event, failure: true });
    });
  }
  return promise;
}
