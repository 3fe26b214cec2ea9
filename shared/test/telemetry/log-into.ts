import { createLog, type Log, type LogLevel } from "../../src/telemetry/logger.ts";
import type { LogLine } from "../../testing/running-service.ts";

interface LogOptions {
  readonly level?: LogLevel;
  readonly service?: string;
}

/** A log that keeps what it writes. */
interface KeptLog extends Log {
  /** Every line as it was written. */
  readonly written: readonly string[];
  /** Every line, parsed. */
  readonly lines: readonly LogLine[];
}

/** Makes a log of `notes` 1.2.3, at level `trace` by default. */
export function logInto({ level = "trace", service = "notes" }: LogOptions = {}): KeptLog {
  const written: string[] = [];
  const lines: LogLine[] = [];
  const destination = {
    write(line: string) {
      written.push(line);
      lines.push(JSON.parse(line));
    },
  };
  return {
    written,
    lines,
    ...createLog({ service, version: "1.2.3", level, destination }),
  };
}
