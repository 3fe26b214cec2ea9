// Structured logs: one JSON object a line on stdout, or lines for people where that is a terminal.
import { SQLiteError } from "bun:sqlite";
import pino, { type DestinationStream, type Logger } from "pino";
import { logStream } from "./log-stream.ts";
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

const stdout = 1;

/** pino's number for `error`. */
const errorLevel = 50;

interface LogOptions {
  service: string;
  version: string;
  level: LogLevel;
  /** Where lines go; stdout, for machines, if left out. */
  destination?: DestinationStream;
}

/** Stdout as a terminal shows it best. Loaded where there is one: machines need not wait for it. */
export async function terminalOutput(): Promise<DestinationStream> {
  const { default: pretty } = await import("pino-pretty");
  return pretty({
    sync: true,
    ignore: "version,service,pid,hostname",
    messageFormat: "{service} {msg}",
  });
}

/** What was thrown instead of an error, without what is in it. */
function textOf(thrown: unknown): string {
  return thrown === null || typeof thrown !== "object"
    ? String(thrown)
    : Object.prototype.toString.call(thrown);
}

/** An error's message as far as it is ours: others quote what they were given, or SQL. */
function messageOf(error: Error): string {
  if (error instanceof SQLiteError) return error.code ?? "SQLite failed";
  const { message } = error;
  return error instanceof SyntaxError ? message.replace(/ *["'`].*$/s, "") : message;
}

/** Causes of causes that are told: an error can be its own. */
const maxCauses = 5;

/**
 * An error's kind, message and, of a failure, its stack, and of its cause; no other property, which
 * may be private.
 */
function describeError(error: unknown, isFailure: boolean, causes = maxCauses): unknown {
  if (!(error instanceof Error)) return { type: typeof error, message: textOf(error) };
  const { name, stack, cause } = error;
  const message = messageOf(error);
  const isTold = cause !== undefined && causes > 0;
  return {
    type: name,
    message,
    // It begins with the message.
    ...(isFailure ? { stack: stack?.replace(error.message, () => message) } : {}),
    ...(isTold ? { cause: describeError(cause, isFailure, causes - 1) } : {}),
  };
}

/** Makes a service's log. Every line written while a request is answered carries its ids. */
export function createLog({ service, version, level, destination }: LogOptions): Log {
  const batched = logStream(stdout, (lines) => {
    logger.warn({ lines }, "log lines were lost: nobody read them in time");
  });
  let isFailure = false;
  const logger = pino(
    {
      level,
      base: { service, version },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (word) => ({ level: word }) },
      serializers: { err: (error: unknown) => describeError(error, isFailure) },
      // Called for every line, before its serializers.
      mixin(_fields, level) {
        isFailure = level >= errorLevel;
        const request = currentRequest();
        return request ? { request_id: request.requestId, trace_id: request.trace.traceId } : {};
      },
    },
    destination ?? batched,
  );
  return { logger, flush: () => batched.flush() };
}
