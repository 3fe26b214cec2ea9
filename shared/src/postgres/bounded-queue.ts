// A first-in, first-out queue whose items wait for a bounded time.

interface Entry<Item> {
  readonly item: Item;
  readonly queuedAt: number;
}

/** Items that wait for their turn. One timer serves them all, as they wait equally long. */
export class BoundedQueue<Item> {
  readonly #entries: Entry<Item>[] = [];
  readonly #maxWaitMs: number;
  readonly #onTimeout: (item: Item) => void;
  #timer: Timer | undefined;

  /**
   * @param maxWaitMs how long an item may wait
   * @param onTimeout called with an item that has waited for so long, and left the queue
   */
  constructor(maxWaitMs: number, onTimeout: (item: Item) => void) {
    this.#maxWaitMs = maxWaitMs;
    this.#onTimeout = onTimeout;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: Item): void {
    this.#entries.push({ item, queuedAt: performance.now() });
    this.#timer ??= setTimeout(() => this.#removeLate(), this.#maxWaitMs);
  }

  /** Takes the first item for which `isWanted` is true; undefined if there is none. */
  take(isWanted: (item: Item) => boolean = () => true): Item | undefined {
    const index = this.#entries.findIndex(({ item }) => isWanted(item));
    if (index < 0) return undefined;
    const item = this.#entries.splice(index, 1)[0]?.item;
    this.#stopTimerIfEmpty();
    return item;
  }

  /** Takes all items. */
  takeAll(): Item[] {
    const items = this.#entries.splice(0).map(({ item }) => item);
    this.#stopTimerIfEmpty();
    return items;
  }

  #removeLate(): void {
    this.#timer = undefined;
    const now = performance.now();
    // A timer may fire a fraction of a millisecond early.
    while ((this.#entries[0]?.queuedAt ?? Infinity) <= now - this.#maxWaitMs + 1) {
      const late = this.#entries.shift();
      if (late) this.#onTimeout(late.item);
    }
    const [first] = this.#entries;
    if (first === undefined) return;
    this.#timer = setTimeout(() => this.#removeLate(), first.queuedAt + this.#maxWaitMs - now);
  }

  #stopTimerIfEmpty(): void {
    if (this.#entries.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
