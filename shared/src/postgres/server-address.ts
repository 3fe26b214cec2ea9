// Finds a server whose name has got another address.
import { isIpAddress, lookUpByLibc, type LookUp } from "../core/look-up.ts";

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
    this.#known = isIpAddress(name) ? Promise.resolve([]) : lookUp(name);
  }

  /** The name while it has the addresses that it had at first, later an address. */
  get host(): string {
    return this.#host;
  }

  /** Looks the name up anew: the server may have moved. @returns whether {@link host} is another one now */
  doubt(): Promise<boolean> {
    if (isIpAddress(this.#name)) return Promise.resolve(false);
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
