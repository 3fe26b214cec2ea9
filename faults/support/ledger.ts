// What callers were told, held against what is stored.

/** A thing that one caller at a time changes. */
export class Entry<T> {
  /** As the last answer told it; undefined if there is none. */
  known: T | undefined;
  #isAsked: ((state: T | undefined) => boolean) | undefined;

  /**
   * Makes a change. If that is not answered, both states are right from then on.
   *
   * @param isDone whether a state is the one that is asked for
   */
  async change(
    isDone: (state: T | undefined) => boolean,
    request: () => Promise<T | undefined>,
  ): Promise<void> {
    this.#isAsked = isDone;
    this.known = await request();
    this.#isAsked = undefined;
  }

  /** Whether a change was not answered. */
  get isOpen(): boolean {
    return this.#isAsked !== undefined;
  }

  /** Takes what is stored for true. @throws Error if it is neither what was told nor asked for */
  settle(stored: T | undefined): void {
    const isAllowed = Bun.deepEquals(stored, this.known) || this.#isAsked?.(stored) === true;
    if (!isAllowed) {
      const told = JSON.stringify(this.known);
      throw new Error(`Callers were told of ${told}, and stored is ${JSON.stringify(stored)}`);
    }
    this.known = stored;
    this.#isAsked = undefined;
  }
}

/** All things, by a name that their callers gave them. */
export class Ledger<T> {
  readonly #nameOf: (thing: T) => string;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(nameOf: (thing: T) => string) {
    this.#nameOf = nameOf;
  }

  get entries(): Iterable<Entry<T>> {
    return this.#entries.values();
  }

  /** Makes an entry for a new thing. */
  open(name: string): Entry<T> {
    const entry = new Entry<T>();
    this.#entries.set(name, entry);
    return entry;
  }

  /** Holds all that is stored against the entries. @throws Error at the first that disagrees */
  settle(stored: readonly T[]): void {
    const byName = new Map(stored.map((thing) => [this.#nameOf(thing), thing]));
    if (byName.size < stored.length) throw new Error("Something is stored twice");
    for (const [name, entry] of this.#entries) {
      entry.settle(byName.get(name));
      byName.delete(name);
    }
    if (byName.size > 0) throw new Error(`Nobody asked for ${[...byName.keys()].join(", ")}`);
  }
}
