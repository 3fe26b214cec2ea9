// Callers that create, rename and delete users, and remember every response.
import type { User } from "../../../user-service/src/users/user.ts";
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";

/** Checks a change before a caller changes the same resource again. */
export type Witness<T> = (id: string, now: T | undefined) => Promise<void>;

/** Tells this book's users from other users in the database. */
const domain = "@book.example";

type Existing = Entry<User> & { known: User };

/** Users that only this book's callers change. */
export class UserBook {
  readonly #ledger = new Ledger<User>(({ email }) => email);
  #idle: Entry<User>[] = [];
  #created = 0;
  /** Changes that got a response. */
  responses = 0;

  /** Makes one change to one user. Rejects without the expected response. */
  async change(send: Send, witness?: Witness<User>): Promise<void> {
    const kind = Math.random();
    const entry = kind < 0.5 ? undefined : this.#take();
    if (entry === undefined) await this.#create(send, witness);
    else if (kind < 0.85) await this.#rename(entry, send, witness);
    else await this.#remove(entry, send, witness);
  }

  /** Compares a service's users with this book. @returns how many are stored */
  async settle(send: Send): Promise<number> {
    const all = await listAll<User>(send, "/users?limit=1000");
    const stored = all.filter(({ email }) => email.endsWith(domain));
    this.#ledger.settle(stored);
    this.#idle = [...this.#ledger.entries].filter(({ known }) => known !== undefined);
    return stored.length;
  }

  /** Changes that got no response. */
  get open(): number {
    return [...this.#ledger.entries].filter(({ isOpen }) => isOpen).length;
  }

  #take(): Existing | undefined {
    const [entry] = this.#idle.splice(Math.floor(Math.random() * this.#idle.length), 1);
    return entry as Existing | undefined;
  }

  async #create(send: Send, witness?: Witness<User>): Promise<void> {
    const n = (this.#created += 1);
    const wanted = { name: `User ${n}`, email: `user${n}${domain}` };
    const entry = this.#ledger.open(wanted.email);
    await entry.change(
      (state) => state?.name === wanted.name && state.created_at === state.updated_at,
      async () => bodyOfStatus(await send("POST", "/users", { json: wanted }), 201) as User,
    );
    await this.#finish(entry, entry.known?.id ?? "", witness);
  }

  async #rename(entry: Existing, send: Send, witness?: Witness<User>): Promise<void> {
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
    await this.#finish(entry, before.id, witness);
  }

  async #remove(entry: Existing, send: Send, witness?: Witness<User>): Promise<void> {
    const { id } = entry.known;
    await entry.change(
      (state) => state === undefined,
      async () => bodyOfStatus(await send("DELETE", `/users/${id}`), 204) as undefined,
    );
    await this.#finish(entry, id, witness);
  }

  async #finish(entry: Entry<User>, id: string, witness?: Witness<User>): Promise<void> {
    this.responses += 1;
    await witness?.(id, entry.known);
    if (entry.known !== undefined) this.#idle.push(entry);
  }
}
