// Writes lines to a file descriptor, all lines of one event-loop turn together. The flush of pino's own
// destination waits for the disk (fsync), and never returns if the reader of a pipe is gone.
import { writeSync } from "node:fs";
import { hasErrno } from "../core/errno.ts";

/** Bytes that are buffered for a slow reader; lines beyond them are dropped. */
const maxBufferedBytes = 4_194_304;

/** Interval of attempts to write to a reader that is not reading, in ms. */
const retryMs = 10;

/** How long the end of the process waits for a slow reader, in ms. */
const maxFlushMs = 500;

/**
 * Makes a stream to a file descriptor. It buffers the lines of an event-loop turn and writes them at its
 * end. A slow reader delays the log, never the service.
 *
 * @param fileDescriptor 1 is stdout
 * @param onDropped called with the number of dropped lines, once the reader reads again
 */
export function logStream(fileDescriptor: number, onDropped: (lines: number) => void) {
  let lines = "";
  let unwritten = Buffer.alloc(0);
  let dropped = 0;
  let isScheduled = false;

  /** Writes as much as the reader takes now. */
  function writeBuffered(): void {
    // Without new lines, an attempt copies nothing: for a reader that stalls, 4 MiB took 12 % of a core.
    if (lines !== "") {
      const bytes = Buffer.from(lines);
      unwritten = unwritten.length === 0 ? bytes : Buffer.concat([unwritten, bytes]);
      lines = "";
    }
    try {
      while (unwritten.length > 0) {
        unwritten = unwritten.subarray(writeSync(fileDescriptor, unwritten));
      }
    } catch (error) {
      // EAGAIN: the pipe is full. After any other error the log has no reader; the service goes on.
      if (!hasErrno(error, "EAGAIN")) unwritten = Buffer.alloc(0);
    }
  }

  function writeOrRetry(): void {
    writeBuffered();
    isScheduled = unwritten.length > 0;
    if (isScheduled) {
      setTimeout(writeOrRetry, retryMs);
    } else if (dropped > 0) {
      onDropped(dropped);
      dropped = 0;
    }
  }

  return {
    /** @param line with its line feed. It is dropped if 4 MiB are buffered already */
    write(line: string): void {
      if (unwritten.length + lines.length > maxBufferedBytes) {
        dropped += 1;
        return;
      }
      lines += line;
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(writeOrRetry);
    },
    /** Writes the buffered lines now; waits up to 500 ms for a slow reader. Call it before exit. */
    flush(): void {
      const endsAt = performance.now() + maxFlushMs;
      for (writeBuffered(); unwritten.length > 0 && performance.now() < endsAt; writeBuffered()) {
        Bun.sleepSync(1);
      }
    },
  };
}
