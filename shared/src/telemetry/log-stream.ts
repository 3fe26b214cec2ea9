// Writes lines to a file descriptor, once for all lines of one turn of the event loop. pino's own
// destination would do, but for its flush: it waits until a disk has the log (fsync), and tries for
// ever where nobody reads any more.
import { writeSync } from "node:fs";
import { hasErrno } from "../core/errno.ts";

/** A destination for lines that can be told to write what it holds. */
export interface LogStream {
  write(line: string): void;
  /** Writes at once, and waits a moment for a slow reader. Call it before the process ends. */
  flush(): void;
}

/** Bytes that are held for a reader who does not read; lines beyond are lost. */
const maxBufferedBytes = 4_194_304;

/** How often a reader who does not read is looked at again, in ms. */
const retryMs = 10;

/** How long the end of the process waits for a reader, in ms. */
const lastWaitMs = 500;

/**
 * Makes the output; 1 is stdout. A reader who stalls stops nothing but the log.
 *
 * @param onLost told how many lines were lost, once the reader reads again
 */
export function logStream(fileDescriptor: number, onLost: (lines: number) => void): LogStream {
  let lines = "";
  let unread = Buffer.alloc(0);
  let lost = 0;
  let isScheduled = false;

  /** Writes what the reader takes now. */
  function writeHeld(): void {
    if (lines !== "") {
      const bytes = Buffer.from(lines);
      unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    }
    lines = "";
    unread = unread.subarray(writeSome(fileDescriptor, unread));
  }

  function writeOrRetry(): void {
    writeHeld();
    isScheduled = unread.length > 0;
    if (isScheduled) {
      setTimeout(writeOrRetry, retryMs);
    } else if (lost > 0) {
      onLost(lost);
      lost = 0;
    }
  }

  return {
    write(line) {
      if (unread.length + lines.length > maxBufferedBytes) {
        lost += 1;
        return;
      }
      lines += line;
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(writeOrRetry);
    },
    flush() {
      const endsAt = performance.now() + lastWaitMs;
      for (writeHeld(); unread.length > 0 && performance.now() < endsAt; writeHeld()) {
        Bun.sleepSync(1);
      }
    },
  };
}

/** Writes bytes, as many as the reader takes. @returns how many; all if nobody reads any more */
function writeSome(fileDescriptor: number, bytes: Buffer): number {
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(fileDescriptor, bytes, written);
  } catch (error) {
    // Whoever read the log is gone; the service is not there for its log.
    if (!hasErrno(error, "EAGAIN")) return bytes.length;
  }
  return written;
}
