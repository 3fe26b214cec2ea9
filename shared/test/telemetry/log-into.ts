import { createLog, type Log, type LogLevel } from "../../src/telemetry/logger.ts";
import { logLines, type LogLine } from "../../testing/log-lines.ts";

/** A log that keeps what it writes. */
interface KeptLog extends Log {
  /** Every line as it was written. */
  readonly written: readonly string[];
  /** Every line, parsed. */
  readonly lines: readonly LogLine[];
}

/** Makes a log of version 1.2.3 of a service, at level `trace` by default. */
export function logInto(level: LogLevel = "trace", service = "notes"): KeptLog {
  const written: string[] = [];
  const kept = logLines();
  const destination = {
    write(line: string) {
      written.push(line);
      kept.write(line);
    },
  };
  return {
    written,
    lines: kept.lines,
    ...createLog({ service, version: "1.2.3", level, destination }),
  };
}
