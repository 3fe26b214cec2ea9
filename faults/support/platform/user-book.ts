// Users that a test creates, renames and deletes, and what the last response said about each.
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";
import type { User } from "./resources.ts";

/**
 * Called after each change, before a caller changes the same resource again.
 *
 * @param state the resource in the response; undefined if it was deleted
 */
export type AfterChange<T> = (id: string, state: T | undefined) => Promise<void>;

/** Tells this book's users from other users in the database. */
const domain = "@book.example";

type Existing = Entry<User> & { known: User };

/** Changes users, and compares the responses with what is stored. No other client may change them. */
export class UserBook {
  readonly #ledger = new Ledger<User>(({ email }) => email);
  /** Existing users that no caller is changing. */
  #idle: Entry<User>[] = [];
  #requestedCount = 0;
  /** How many changes got a response. */
  responses = 0;

  /**
   * Creates (50 %), renames (35 %) or deletes (15 %) one user. Rejects if the response is another than
   * a success.
   */
  async change(send: Send, afterChange?: AfterChange<User>): Promise<void> {
    const random = Math.random();
    const entry = random < 0.5 ? undefined : this.#take();
    if (entry === undefined) await this.#create(send, afterChange);
    else if (random < 0.85) await this.#rename(entry, send, afterChange);
    else await this.#remove(entry, send, afterChange);
  }

  /**
   * Compares a service's users with the last responses. A change without a response may be stored or not.
   *
   * @returns how many users are stored
   * @throws Error at the first difference
   */
  async settle(send: Send): Promise<number> {
    const all = await listAll<User>(send, "/users?limit=1000");
    const stored = all.filter(({ email }) => email.endsWith(domain));
    this.#ledger.settle(stored);
    this.#idle = [...this.#ledger.entries].filter(({ known }) => known !== undefined);
    return stored.length;
  }

  /** How many changes got no response. */
  get open(): number {
    return [...this.#ledger.entries].filter(({ isOpen }) => isOpen).length;
  }

  #take(): Existing | undefined {
    const [entry] = this.#idle.splice(Math.floor(Math.random() * this.#idle.length), 1);
    return entry as Existing | undefined;
  }

  async #create(send: Send, afterChange?: AfterChange<User>): Promise<void> {
    const n = (this.#requestedCount += 1);
    const wanted = { name: `User ${n}`, email: `user${n}${domain}` };
    const entry = this.#ledger.open(wanted.email);
    await entry.change(
      (state) => state?.name === wanted.name && state.created_at === state.updated_at,
      async () => bodyOfStatus(await send("POST", "/users", { json: wanted }), 201) as User,
    );
    await this.#finish(entry, entry.known?.id ?? "", afterChange);
  }

  async #rename(entry: Existing, send: Send, afterChange?: AfterChange<User>): Promise<void> {
    const before = entry.known;
    const name = `Renamed ${Bun.randomUUIDv7()}`;
    await entry.change(
      (state) =>
        Bun.deepEquals(state, { ...before, name, updated_at: state?.updated_at }) &&
        before.updated_at < (state?.updated_at ?? ""),
      async () => {
        const path = `/users/${before.id}`;
        return bodyOfStatus(await send("PATCH", path, { json: { name } }), 200) as User;
      },
    );
    await this.#finish(entry, before.id, afterChange);
  }

  async #remove(entry: Existing, send: Send, afterChange?: AfterChange<User>): Promise<void> {
    const { id } = entry.known;
    await entry.change(
      (state) => state === undefined,
      async () => bodyOfStatus(await send("DELETE", `/users/${id}`), 204) as undefined,
    );
    await this.#finish(entry, id, afterChange);
  }

  async #finish(entry: Entry<User>, id: string, afterChange?: AfterChange<User>): Promise<void> {
    this.responses += 1;
    await afterChange?.(id, entry.known);
    if (entry.known !== undefined) this.#idle.push(entry);
  }
}
