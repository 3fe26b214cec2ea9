// Lets in as many statements as there are sessions. Bun.SQL spreads further statements over busy
// sessions, where they would wait behind a slow statement while other sessions are idle, and without
// a bound. Writes leave a session to reads: those whose commits wait would keep all of them.
import { StorageUnavailable } from "../core/storage.ts";
import { BoundedQueue } from "./bounded-queue.ts";

/** What waits at the gate. */
interface Waiting {
  readonly isWrite: boolean;
  enter(): void;
  reject(error: unknown): void;
}

/** A pool of one or two sessions reserves none for reads: writes would lose all of it, or half. */
const minMaxForReads = 3;

/** A counting semaphore whose waits are bounded. */
export class Gate {
  readonly #max: number;
  readonly #maxWrites: number;
  readonly #waiting: BoundedQueue<Waiting>;
  /** A statement that goes before all others; there is one at most, and its caller bounds its wait. */
  #first: (() => void) | undefined;
  #inside = 0;
  #writes = 0;
  #onIdle: (() => void) | undefined;

  /** @param onTimeout called for each statement that is turned away */
  constructor(max: number, maxWaitMs: number, onTimeout: () => void) {
    this.#max = max;
    this.#maxWrites = max < minMaxForReads ? max : max - 1;
    this.#waiting = new BoundedQueue(maxWaitMs, ({ reject }) => {
      onTimeout();
      reject(new StorageUnavailable("busy"));
    });
  }

  /** Statements that were let in and have not left. */
  get inside(): number {
    return this.#inside;
  }

  /** Statements that wait. */
  get waiting(): number {
    return this.#waiting.size + (this.#first ? 1 : 0);
  }

  /** Whether a statement may go in at once. If true it is in, and has to {@link leave}. */
  tryEnter(isWrite: boolean): boolean {
    if (this.#inside >= this.#max || !this.#hasRoomFor(isWrite)) return false;
    this.#inside += 1;
    if (isWrite) this.#writes += 1;
    return true;
  }

  #hasRoomFor(isWrite: boolean): boolean {
    return !isWrite || this.#writes < this.#maxWrites;
  }

  /** Resolves when a statement is in. @throws {StorageUnavailable} `busy` if it waited too long */
  enter(isWrite: boolean): Promise<void> {
    if (this.tryEnter(isWrite)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ isWrite, enter: resolve, reject });
    return promise;
  }

  /** As {@link enter} for a read, before all others, and without a bound: abort `signal` to give up. */
  enterFirst(signal: AbortSignal): Promise<void> {
    if (this.tryEnter(false)) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#first = resolve;
    signal.addEventListener("abort", () => {
      if (this.#first === resolve) this.#first = undefined;
      reject(new StorageUnavailable("busy"));
    });
    return promise;
  }

  /** Gives the place of a statement to the next. */
  leave(isWrite: boolean): void {
    if (isWrite) this.#writes -= 1;
    const first = this.#first;
    if (first) {
      this.#first = undefined;
      return first();
    }
    const next = this.#waiting.take((each) => this.#hasRoomFor(each.isWrite));
    if (next) {
      if (next.isWrite) this.#writes += 1;
      return next.enter();
    }
    this.#inside -= 1;
    if (this.#inside === 0) this.#onIdle?.();
  }

  /** Resolves when no statement is inside, and so none waits. */
  idle(): Promise<void> {
    if (this.#inside === 0) return Promise.resolve();
    return new Promise((resolve) => void (this.#onIdle = resolve));
  }

  /** Rejects all that wait. */
  rejectAll(error: unknown): void {
    for (const { reject } of this.#waiting.takeAll()) reject(error);
  }
}
