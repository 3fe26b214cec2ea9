// Bounds how long pieces of work take that may never settle.

/** A piece of work under way. */
interface Started {
  readonly endsAt: number;
  onTimeout(): void;
}

/** A bound for many pieces of work. One timer serves them all, as they may take equally long. */
export class Deadlines {
  readonly #ms: number;
  /** In the order in which their time ends. */
  readonly #started = new Set<Started>();
  #timer: Timer | undefined;

  /** @param ms how long each piece of work may take */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /**
   * Settles as `work` does, or rejects when its time has passed; the work goes on.
   *
   * @param onTimeout makes the rejection
   */
  bound<T>(work: PromiseLike<T>, onTimeout: () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const started = {
        endsAt: performance.now() + this.#ms,
        onTimeout: () => reject(onTimeout()),
      };
      this.#started.add(started);
      // It is left when the work ends: to stop it and to start another one for the next piece costs more.
      this.#timer ??= setTimeout(() => this.#endLate(), this.#ms);
      work.then(
        (value) => {
          this.#started.delete(started);
          resolve(value);
        },
        (error: unknown) => {
          this.#started.delete(started);
          reject(error);
        },
      );
    });
  }

  /** Stops the timer, which would keep the process alive. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #endLate(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const started of this.#started) {
      // A timer may fire a fraction of a millisecond early.
      if (started.endsAt > now + 1) {
        this.#timer = setTimeout(() => this.#endLate(), started.endsAt - now);
        return;
      }
      this.#started.delete(started);
      started.onTimeout();
    }
  }
}
