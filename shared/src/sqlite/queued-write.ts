// One change on its way to its transaction.

/** Rules out promises: what follows the first `await` of a change is outside its transaction. */
export type Synchronous<T> = [Extract<T, PromiseLike<unknown>>] extends [never]
  ? unknown
  : "must not be asynchronous";

/** A change and its caller's promise, which stays pending until the transaction is committed. */
export class QueuedWrite<T> {
  readonly queuedAt = performance.now();
  hasSucceeded = false;
  readonly #change: () => T;
  readonly #promise = Promise.withResolvers<T>();
  #settle: () => void = () => undefined;

  constructor(change: () => T) {
    this.#change = change;
  }

  get promise(): Promise<T> {
    return this.#promise.promise;
  }

  /** Runs the change within the open transaction. Throws what the change throws. */
  run(): void {
    const value = this.#change();
    if (value instanceof Object && "then" in value && typeof value.then === "function") {
      void Promise.resolve<unknown>(value).catch(() => undefined); // its failure adds nothing
      throw new TypeError("A change must be synchronous: it returned a promise");
    }
    this.hasSucceeded = true;
    this.#settle = () => this.#promise.resolve(value);
  }

  fail(error: unknown): void {
    this.hasSucceeded = false;
    this.#settle = () => this.#promise.reject(error);
  }

  /** Tells the caller how the last run ended, or why it failed since. */
  settle(): void {
    this.#settle();
  }
}

/** What a queue needs of its entries, whose changes return values of different types. */
export type Queued = Pick<
  QueuedWrite<unknown>,
  "queuedAt" | "hasSucceeded" | "run" | "fail" | "settle"
>;
