// Finds a server whose name has got another address. Bun keeps the addresses of a name for 30 s, also
// after a connection to them has failed, and has no call that makes Bun forget them.

/** Resolves with the addresses that a name has now; with none if it has none or that is unknown. */
type LookUp = (hostname: string) => Promise<readonly string[]>;

/** Asks the C library, as Bun does, but without Bun's cache. */
async function lookUpByLibc(hostname: string): Promise<readonly string[]> {
  try {
    const found = await Bun.dns.lookup(hostname, { backend: "libc" });
    return found.map(({ address, family }) => (family === 6 ? `[${address}]` : address));
  } catch {
    return [];
  }
}

const ipAddress = /^\[|^[\d.]+$/;

/** Failures that follow one another faster share a look-up. */
const minLookUpIntervalMs = 200;

/** Where the sessions with a server go to. */
export class ServerAddress {
  readonly #name: string;
  readonly #lookUp: LookUp;
  readonly #now: () => number;
  #host: string;
  #known: Promise<readonly string[]>;
  #looking: Promise<boolean> | undefined;
  #lookedUpAt = -Infinity;

  /**
   * @param name the host as the operator wrote it; an IP address is never looked up
   * @param now monotonic ms
   */
  constructor(name: string, lookUp: LookUp = lookUpByLibc, now = () => performance.now()) {
    this.#name = name;
    this.#lookUp = lookUp;
    this.#now = now;
    this.#host = name;
    this.#known = ipAddress.test(name) ? Promise.resolve([]) : lookUp(name);
  }

  /** The name while it has the addresses that it had at first, later an address. */
  get host(): string {
    return this.#host;
  }

  /** Looks the name up anew: the server may have moved. @returns whether {@link host} is another one now */
  doubt(): Promise<boolean> {
    if (ipAddress.test(this.#name)) return Promise.resolve(false);
    if (this.#looking !== undefined) return this.#looking;
    if (this.#now() - this.#lookedUpAt < minLookUpIntervalMs) return Promise.resolve(false);
    this.#lookedUpAt = this.#now();
    this.#looking = this.#choose().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #choose(): Promise<boolean> {
    const [known, found] = await Promise.all([this.#known, this.#lookUp(this.#name)]);
    const isKnown = found.every((address) => known.includes(address));
    // The name: Bun tries all its addresses, and the server is at none of them.
    if (found.length === 0 || (isKnown && this.#host === this.#name)) return false;
    this.#known = Promise.resolve(found);
    const next = found[(found.indexOf(this.#host) + 1) % found.length] ?? this.#name;
    const isOther = next !== this.#host;
    this.#host = next;
    return isOther;
  }
}
