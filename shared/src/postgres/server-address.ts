// Finds a server whose name has got another address.
import {
  isIpAddress,
  lookUpByLibc,
  spacedLookUps,
  type LookUp,
  type LookUps,
} from "../core/look-up.ts";

/** Where the sessions with a server go to. */
export class ServerAddress {
  readonly #name: string;
  readonly #lookUp: LookUp;
  readonly #lookUps: LookUps<void>;
  #host: string;
  #known: Promise<readonly string[]>;

  /**
   * @param name the host as the operator wrote it; an IP address is never looked up
   * @param now monotonic ms
   */
  constructor(name: string, lookUp: LookUp = lookUpByLibc, now = () => performance.now()) {
    this.#name = name;
    this.#lookUp = lookUp;
    this.#lookUps = spacedLookUps(() => this.#choose(), now);
    this.#host = name;
    this.#known = isIpAddress(name) ? Promise.resolve([]) : lookUp(name);
  }

  /** The name while it has the addresses that it had at first, later an address. */
  get host(): string {
    return this.#host;
  }

  /** Looks the name up anew, after which {@link host} may be another one: the server may have moved. */
  async doubt(): Promise<void> {
    if (!isIpAddress(this.#name)) await this.#lookUps.again();
  }

  async #choose(): Promise<void> {
    const [known, found] = await Promise.all([this.#known, this.#lookUp(this.#name)]);
    const isKnown = found.every((address) => known.includes(address));
    // The name: Bun tries all its addresses, and the server is at none of them.
    if (found.length === 0 || (isKnown && this.#host === this.#name)) return;
    this.#known = Promise.resolve(found);
    this.#host = found[(found.indexOf(this.#host) + 1) % found.length] ?? this.#name;
  }
}
