// What ends a service: a signal of the operating system, or an error that no code caught.
import { constants } from "node:os";
import type { Log } from "../telemetry/logger.ts";
import type { ServiceProcess } from "./definition.ts";
import { hasTerminal, ignoredSignals, type HandledSignal } from "./start-signals.ts";

/** Signals that mean the end: SIGHUP comes from a closed terminal, SIGQUIT from Ctrl-\. */
const endingSignals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const;

/** Signals that would end the process at once, and that log rotation and other tools send. */
const meaninglessSignals = ["SIGUSR1", "SIGUSR2"] as const;

/** Both kinds, for {@link SignalFacts.ignored}. */
const handledSignals: readonly HandledSignal[] = [...endingSignals, ...meaninglessSignals];

/** A process that a signal ended has 128 and the signal's number as its exit status. */
const exitStatusBase = 128;

/** A terminal that is closed sends SIGHUP twice: its shell does, and then the kernel. */
const sameHangUpMs = 250;

/** What is known about signals when the process starts. */
interface SignalFacts {
  /** They stay ignored. */
  readonly ignored: readonly HandledSignal[];
  readonly hasTerminal: boolean;
}

/**
 * Listens for the causes of a shutdown, and logs errors. A second signal ends the process at once,
 * so that an operator does not have to wait for requests in flight.
 */
export function shutdownSignal(
  process: ServiceProcess,
  log: Log,
  facts: SignalFacts = { ignored: ignoredSignals(handledSignals), hasTerminal: hasTerminal() },
) {
  const shutdown = new AbortController();
  let hungUpAt = -Infinity;
  let isSignalled = false;
  let isFailed = false;

  function end(signal: (typeof endingSignals)[number]): void {
    if (isSignalled) {
      const isRepeated = signal === "SIGHUP" && performance.now() - hungUpAt < sameHangUpMs;
      if (isRepeated) return;
      log.flush();
      process.exit(exitStatusBase + constants.signals[signal]);
    }
    isSignalled = true;
    if (signal === "SIGHUP" && facts.hasTerminal) hungUpAt = performance.now();
    shutdown.abort(signal);
  }

  const isHandled = (signal: HandledSignal) => !facts.ignored.includes(signal);
  for (const signal of endingSignals) if (isHandled(signal)) process.on(signal, () => end(signal));
  for (const signal of meaninglessSignals) {
    if (isHandled(signal)) process.on(signal, () => undefined);
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
     * Aborted by the first cause. Its `reason` names the cause: a signal such as `SIGTERM`,
     * `uncaughtException` or `unhandledRejection`.
     */
    signal: shutdown.signal,
    /** Whether an error was not caught, before or during the shutdown: the state may be wrong. */
    hasFailed: () => isFailed,
  };
}
