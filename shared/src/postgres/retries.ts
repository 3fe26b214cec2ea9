// When a statement that has failed is retried.
import { isSerializationFailure, isSessionLost } from "./error-codes.ts";
import { isLockTimeout } from "./errors.ts";

/** After which failures a statement may be retried. */
interface RetriesOptions {
  /** Whether the statement changes data: then it is not retried if its outcome is unknown. */
  readonly isWrite: boolean;
  /** Whether it goes on waiting for a lock: of a statement for several callers, each can be served alone. */
  readonly waitsForLocks: boolean;
}

/**
 * The pauses before the retries of a read whose session was lost. Often all sessions are lost at once,
 * and this process has not heard yet of each.
 */
const readPausesMs = [20, 40, 80];

/** A statement is retried within this time after its first start alone: its caller waits for both. */
const maxRetryMs = 1000;

/** A statement that waits for a lock is retried until so much time has passed. */
const maxLockWaitMs = 1500;

/** How often a statement is tried that the server has undone for the sake of another one. */
const maxTries = 5;

/** How long to wait before a statement is retried; undefined if it is not. @param tries from 1 */
function pauseMsBeforeRetry(error: unknown, isWrite: boolean, tries: number): number | undefined {
  if (isSessionLost(error)) return isWrite ? undefined : readPausesMs[tries - 1];
  if (!isSerializationFailure(error) || tries === maxTries) return undefined;
  // The statements that were in each other's way must not meet again.
  return Math.random() * 5 * 2 ** tries;
}

/** The retries of one statement, whose first attempt begins now. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #begunAt = performance.now();
  /** Waits for a lock are not among them: time bounds those. */
  #failed = 0;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /**
   * Counts a failure, and waits until the statement may run again: its session was lost, the server undid
   * it for the sake of another one, or it waits for a lock.
   *
   * @returns resolves with true when the next attempt may begin, or at once with false if none may
   */
  async waitToRetry(error: unknown): Promise<boolean> {
    const { isWrite, waitsForLocks } = this.#options;
    const passedMs = performance.now() - this.#begunAt;
    if (waitsForLocks && isLockTimeout(error) && passedMs < maxLockWaitMs) return true;
    this.#failed += 1;
    const pauseMs = pauseMsBeforeRetry(error, isWrite, this.#failed);
    if (pauseMs === undefined || passedMs > maxRetryMs) return false;
    await Bun.sleep(pauseMs);
    return true;
  }
}
