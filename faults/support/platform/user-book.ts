// Callers who make, rename and remove users, and remember what they were told.
import type { User } from "../../../user-service/src/users/user.ts";
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";

/** Looks at what a change came to, before anybody changes it again. */
export type Witness<T> = (id: string, now: T | undefined) => Promise<void>;

/** Users of others have another. */
const domain = "@book.example";

/** Users that nobody else changes. */
export class UserBook {
  readonly #ledger = new Ledger<User>(({ email }) => email);
  #idle: Entry<User>[] = [];
  #made = 0;
  /** How many changes were answered. */
  answers = 0;

  /** One change of one user. Rejects if it is not bodyOfStatus, or not as it must be. */
  async change(send: Send, witness?: Witness<User>): Promise<void> {
    const kind = Math.random();
    const entry = kind < 0.5 ? undefined : this.#take();
    if (entry === undefined) await this.#create(send, witness);
    else if (kind < 0.85) await this.#rename(entry, send, witness);
    else await this.#remove(entry, send, witness);
  }

  /** Holds all users of a service against this book. @returns how many there are */
  async settle(send: Send): Promise<number> {
    const all = await listAll<User>(send, "/users?limit=1000");
    const stored = all.filter(({ email }) => email.endsWith(domain));
    this.#ledger.settle(stored);
    this.#idle = [...this.#ledger.entries].filter(({ known }) => known !== undefined);
    return stored.length;
  }

  /** How many changes were not answered. */
  get open(): number {
    return [...this.#ledger.entries].filter(({ isOpen }) => isOpen).length;
  }

  #take(): (Entry<User> & { known: User }) | undefined {
    const [entry] = this.#idle.splice(Math.floor(Math.random() * this.#idle.length), 1);
    return entry as (Entry<User> & { known: User }) | undefined;
  }

  async #create(send: Send, witness?: Witness<User>): Promise<void> {
    const n = (this.#made += 1);
    const wish = { name: `User ${n}`, email: `user${n}${domain}` };
    const entry = this.#ledger.open(wish.email);
    await entry.change(
      (state) => state?.name === wish.name && state.created_at === state.updated_at,
      async () => bodyOfStatus(await send("POST", "/users", { json: wish }), 201) as User,
    );
    await this.#done(entry, entry.known?.id ?? "", witness);
  }

  async #rename(
    entry: Entry<User> & { known: User },
    send: Send,
    witness?: Witness<User>,
  ): Promise<void> {
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
    await this.#done(entry, before.id, witness);
  }

  async #remove(
    entry: Entry<User> & { known: User },
    send: Send,
    witness?: Witness<User>,
  ): Promise<void> {
    const { id } = entry.known;
    await entry.change(
      (state) => state === undefined,
      async () => {
        bodyOfStatus(await send("DELETE", `/users/${id}`), 204);
        return undefined;
      },
    );
    await this.#done(entry, id, witness);
  }

  async #done(entry: Entry<User>, id: string, witness?: Witness<User>): Promise<void> {
    this.answers += 1;
    await witness?.(id, entry.known);
    if (entry.known !== undefined) this.#idle.push(entry);
  }
}
