import { createLog, type LogLevel } from "../../src/telemetry/logger.ts";
import { logLines } from "../../testing/log-lines.ts";

/** A log of version 1.2.3 of a service, at level `trace` by default, that keeps what it writes. */
export function logInto(level: LogLevel = "trace", service = "notes") {
  /** Every line as it was written. */
  const written: string[] = [];
  const { lines, write } = logLines();
  const destination = {
    write(line: string) {
      written.push(line);
      write(line);
    },
  };
  const log = createLog({ service, version: "1.2.3", level, destination });
  return { ...log, written, lines };
}
