// Fairness between processes that write to one file. A process that commits back to back retakes
// the lock before another process polls for it. So each process leaves a gap of 2 ms, in which the
// others poll at least once: after every commit while another process committed within a second,
// and every 100 ms otherwise, for a writer that it has not seen yet.
import type { Database, Statement } from "bun:sqlite";

const gapMs = 2;
const contendedMs = 1000;
const maxGapIntervalMs = 100;

/** Decides when a process that writes to a database leaves the lock to the others. */
export class WriterFairness {
  readonly #dataVersion: Statement<{ data_version: number }, []>;
  #seenVersion: number | undefined;
  #otherWriterSeenAt = -Infinity;
  #lastGapAt = -Infinity;
  /** When this process committed last, on the clock of `performance.now()`. */
  committedAt = -Infinity;

  constructor(db: Database) {
    this.#dataVersion = db.prepare("PRAGMA data_version");
  }

  /** Finds commits of other processes since the call before. Call it within each transaction. */
  detectOtherWriters(): void {
    // Commits of this connection do not change it (https://sqlite.org/pragma.html).
    const version = this.#dataVersion.get()?.data_version;
    if (this.#seenVersion !== undefined && version !== this.#seenVersion) {
      this.#otherWriterSeenAt = performance.now();
    }
    this.#seenVersion = version;
  }

  /** Waits for the rest of the gap, if one is due. Call it before each transaction. */
  async yieldToOtherWriters(): Promise<void> {
    const now = performance.now();
    const gapLeftMs = gapMs - (now - this.committedAt);
    if (gapLeftMs > 0) {
      const isContended = now - this.#otherWriterSeenAt < contendedMs;
      if (!isContended && now - this.#lastGapAt < maxGapIntervalMs) return;
      await Bun.sleep(Math.ceil(gapLeftMs)); // timers cut fractions off
    }
    this.#lastGapAt = performance.now();
  }
}
