// Structured logs: one JSON object a line on stdout, or lines for people where that is a terminal.
import pino, { type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import { currentRequest } from "./request-context.ts";

export type { Logger } from "pino";

/** The levels that `LOG_LEVEL` can name, from everything to nothing. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** See {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** A log and the way to get its last lines out before the process ends. */
export interface Log {
  readonly logger: Logger;
  flush(): void;
}

interface LogOptions {
  service: string;
  version: string;
  level: LogLevel;
  /** Whether stdout is a terminal, where people read. */
  isTerminal?: boolean;
  /** Where lines go; stdout if left out. */
  destination?: DestinationStream;
}

/** Bytes after which lines are written though the turn of the event loop goes on. */
const flushBytes = 8192;

/** Stdout, written once for all lines of one turn of the event loop. */
function batchedStdout(): DestinationStream & { flush(): void } {
  const stream = pino.destination({ fd: 1, sync: true, minLength: flushBytes });
  // Whoever read the log is gone; the service is not there for its log.
  stream.on("error", () => undefined);
  let isScheduled = false;
  const flush = () => {
    isScheduled = false;
    stream.flushSync();
  };
  return {
    flush,
    write(line) {
      stream.write(line);
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(flush);
    },
  };
}

/** Stdout as a terminal shows it best. */
function terminal(): DestinationStream {
  return pretty({ ignore: "version,service,pid,hostname", messageFormat: "{service} {msg}" });
}

/** An error's kind, message and stack, and of its cause; no other property, which may be private. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  return { type: name, message, stack, ...(cause ? { cause: describeError(cause) } : {}) };
}

/** Makes a service's log. Every line written while a request is answered carries its ids. */
export function createLog({
  service,
  version,
  level,
  isTerminal = false,
  destination,
}: LogOptions): Log {
  const batched = destination || isTerminal ? undefined : batchedStdout();
  const logger = pino(
    {
      level,
      base: { service, version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (word) => ({ level: word }) },
      serializers: { err: describeError },
      mixin() {
        const request = currentRequest();
        return request ? { request_id: request.requestId, trace_id: request.trace.traceId } : {};
      },
    },
    destination ?? batched ?? terminal(),
  );
  return { logger, flush: () => batched?.flush() };
}
