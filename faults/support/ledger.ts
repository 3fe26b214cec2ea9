// What responses said, compared with what the service has stored.

/** Rejects a request whose response says that it changed nothing. */
export class NothingDone extends Error {
  override readonly name = "NothingDone";
}

/** A resource that one caller at a time changes. */
export class Entry<T> {
  /** The state in the last response; undefined if there is none. */
  known: T | undefined;
  #isRequested: ((state: T | undefined) => boolean) | undefined;

  /**
   * Makes a change, or repeats the last one. If the request rejects, both the old and the requested
   * state are allowed; if it rejects with NothingDone, only what was allowed before.
   *
   * @param isDone whether a state is the requested one
   */
  async change(
    isDone: (state: T | undefined) => boolean,
    request: () => Promise<T | undefined>,
  ): Promise<void> {
    const before = this.#isRequested;
    this.#isRequested = isDone;
    try {
      this.known = await request();
      this.#isRequested = undefined;
    } catch (error) {
      if (error instanceof NothingDone) this.#isRequested = before;
      throw error;
    }
  }

  /** Whether the last change got no response. */
  get isOpen(): boolean {
    return this.#isRequested !== undefined;
  }

  /** Takes the stored state for the known one. @throws Error if it is neither known nor requested */
  settle(stored: T | undefined): void {
    const isAllowed = Bun.deepEquals(stored, this.known) || this.#isRequested?.(stored) === true;
    if (!isAllowed) {
      const known = JSON.stringify(this.known);
      throw new Error(`The last response was ${known}, and stored is ${JSON.stringify(stored)}`);
    }
    this.known = stored;
    this.#isRequested = undefined;
  }
}

/** All resources of a test, each by a name that its caller chose. */
export class Ledger<T> {
  readonly #nameOf: (resource: T) => string;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(nameOf: (resource: T) => string) {
    this.#nameOf = nameOf;
  }

  get entries(): Iterable<Entry<T>> {
    return this.#entries.values();
  }

  /** Makes an entry for a new resource. */
  open(name: string): Entry<T> {
    const entry = new Entry<T>();
    this.#entries.set(name, entry);
    return entry;
  }

  /** Compares everything that is stored with the entries. @throws Error at the first difference */
  settle(stored: readonly T[]): void {
    const byName = new Map(stored.map((resource) => [this.#nameOf(resource), resource]));
    if (byName.size < stored.length) throw new Error("A resource is stored twice");
    for (const [name, entry] of this.#entries) {
      entry.settle(byName.get(name));
      byName.delete(name);
    }
    if (byName.size > 0) throw new Error(`Never requested: ${[...byName.keys()].join(", ")}`);
  }
}
