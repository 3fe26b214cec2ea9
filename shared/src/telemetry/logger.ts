// Structured logs: one JSON object a line on stdout, or readable lines where stdout is a terminal.
import { SQLiteError } from "bun:sqlite";
import pino, { type DestinationStream } from "pino";
import { logStream } from "./log-stream.ts";
import { checkedCaller, currentRequest } from "./request-context.ts";

/** The levels that `LOG_LEVEL` can name, from everything to nothing. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** The name of a level. */
export type LogLevel = (typeof logLevels)[number];

/** pino's logger, with a faster way for the one line that every request writes. */
export type Logger = pino.Logger & {
  /**
   * Writes a line whose fields are JSON already: `"status":200,"msg":"request"`. It adds level, time,
   * service and version, not the request's ids, and does not ask whether the level is enabled.
   *
   * @param unixMs the time, a whole number of ms since 1970
   */
  writeFields(level: LogLevel, unixMs: number, fields: string): void;
};

/** A service's logger, and the call that writes its last lines before the process ends. */
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
  /** The lowest level that is written. */
  level: LogLevel;
  /** Where lines go; by default JSON to stdout. */
  destination?: DestinationStream;
}

/** Readable lines on stdout. pino-pretty is loaded here, so that only a start on a terminal waits. */
export async function terminalOutput(): Promise<DestinationStream> {
  const { default: pretty } = await import("pino-pretty");
  return pretty({
    sync: true,
    ignore: "version,service,pid,hostname",
    messageFormat: "{service} {msg}",
  });
}

/** A thrown value that is no error, without the contents of an object. */
function textOf(thrown: unknown): string {
  return thrown === null || typeof thrown !== "object"
    ? String(thrown)
    : Object.prototype.toString.call(thrown);
}

/** The message of an error, without SQL and without the quoted input of a parser. */
function messageOf(error: Error): string {
  if (error instanceof SQLiteError) return error.code ?? "SQLite failed";
  const { message } = error;
  return error instanceof SyntaxError ? message.replace(/ *["'`].*$/s, "") : message;
}

/** Causes of causes that are logged. The bound matters: an error can be its own cause. */
const maxCauses = 5;

/**
 * The type and message of an error and of its causes, with their stacks if the line is a failure. No
 * other property is logged, since it may hold personal data.
 */
function describeError(error: unknown, isFailure: boolean, causes = maxCauses): unknown {
  if (!(error instanceof Error)) return { type: typeof error, message: textOf(error) };
  const { name, stack, cause } = error;
  const message = messageOf(error);
  const hasLoggedCause = cause !== undefined && causes > 0;
  return {
    type: name,
    message,
    // A stack begins with the original message.
    ...(isFailure ? { stack: stack?.replace(error.message, () => message) } : {}),
    ...(hasLoggedCause ? { cause: describeError(cause, isFailure, causes - 1) } : {}),
  };
}

let latestMs = NaN;
let latestField = "";

/** The `time` field of a line, formatted once per millisecond. */
function timeField(unixMs: number): string {
  if (unixMs !== latestMs) {
    latestMs = unixMs;
    latestField = `,"time":"${new Date(unixMs).toISOString()}"`;
  }
  return latestField;
}

/**
 * Makes a service's log. Lines that are written while a request is served carry the request's ids, and the
 * name of its client if a token has one.
 */
export function createLog({ service, version, level, destination }: LogOptions): Log {
  const buffered = logStream(stdout, (lines) => {
    logger.warn({ lines }, "dropped log lines: the reader of stdout was too slow");
  });
  const stream = destination ?? buffered;
  // Bun makes a pipe non-blocking when this is first read. A pipe that blocks would stop the service as soon as
  // the reader of its log stalls.
  if (destination === undefined) void process.stdout;
  let isFailure = false;
  const base = pino(
    {
      level,
      base: { service, version },
      timestamp: () => timeField(Date.now()),
      formatters: { level: (word) => ({ level: word }) },
      serializers: { err: (error: unknown) => describeError(error, isFailure) },
      // pino calls it for every line, before the line's serializers.
      mixin(_fields, level) {
        isFailure = level >= errorLevel;
        const request = currentRequest.getStore();
        if (request === undefined) return {};
        const { traceId, span } = request.trace;
        const client = checkedCaller(request)?.clientName;
        return {
          request_id: request.requestId,
          trace_id: traceId,
          ...(span === undefined ? {} : { span_id: span.spanId }),
          ...(client === undefined ? {} : { caller: client }),
        };
      },
    },
    stream,
  );
  const fixedFields = `"service":${JSON.stringify(service)},"version":${JSON.stringify(version)}`;
  const logger: Logger = Object.assign(base, {
    writeFields(level: LogLevel, unixMs: number, fields: string) {
      stream.write(`{"level":"${level}"${timeField(unixMs)},${fixedFields},${fields}}\n`);
    },
  });
  return { logger, flush: () => buffered.flush() };
}
