// The lines of a log, kept for a test.

/** A line of the log: the fields of its JSON object. */
export type LogLine = Record<string, unknown>;

/** Keeps every line that is written to it; also the `destination` of a logger. */
export function logLines() {
  const lines: LogLine[] = [];
  const waiting = new Map<unknown, PromiseWithResolvers<LogLine>>();
  return {
    lines,
    /** Takes one line of JSON. */
    write(text: string): void {
      const line = JSON.parse(text) as LogLine;
      lines.push(line);
      waiting.get(line["msg"])?.resolve(line);
    },
    /** Resolves with the first line that has this `msg`, as soon as there is one. */
    logged(msg: string): Promise<LogLine> {
      const line = lines.find((known) => known["msg"] === msg);
      if (line) return Promise.resolve(line);
      const waiter = waiting.get(msg) ?? Promise.withResolvers<LogLine>();
      waiting.set(msg, waiter);
      return waiter.promise;
    },
  };
}
