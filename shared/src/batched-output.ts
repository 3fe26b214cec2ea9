// Writes lines to a file descriptor, once for all lines of one turn of the event loop. pino's own
// destination would do, but for its flush, which also waits until a disk has the log (fsync).
import { writeSync } from "node:fs";

/** A destination for lines that can be told to write what it holds. */
export interface BatchedOutput {
  write(line: string): void;
  /** Writes at once. Call it before the process ends. */
  flush(): void;
}

/** UTF-16 units after which lines are written though the turn of the event loop goes on. */
const flushLength = 16_384;

/** How long to wait for a reader that is slower than the writer, in ms. */
const fullPipePauseMs = 1;

/** Makes the output; 1 is stdout. */
export function batchedOutput(fileDescriptor: number): BatchedOutput {
  let held = "";
  let isScheduled = false;

  const flush = () => {
    isScheduled = false;
    if (held === "") return;
    const bytes = Buffer.from(held);
    held = "";
    writeWhole(fileDescriptor, bytes);
  };

  return {
    flush,
    write(line) {
      held += line;
      if (held.length >= flushLength) return flush();
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(flush);
    },
  };
}

function writeWhole(fileDescriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(fileDescriptor, bytes, written);
    } catch (error) {
      // Whoever read the log is gone; the service is not there for its log.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      Bun.sleepSync(fullPipePauseMs);
    }
  }
}
