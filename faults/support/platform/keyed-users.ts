// Users that clients create under idempotency keys, and repeat until they have a 201.
import { bodyOfStatus, listAll, type Send } from "../clients.ts";
import { Ledger, type Entry } from "../ledger.ts";
import type { User } from "./resources.ts";

/** Tells these users from other users in the database. */
const domain = "@keyed.example";

/** A user to be created; its address is also its idempotency key. */
interface PlannedUser {
  readonly body: { readonly name: string; readonly email: string };
  readonly entry: Entry<User>;
}

/** Creates users, and compares the responses with what is stored. */
export class KeyedUsers {
  readonly #ledger = new Ledger<User>(({ email }) => email);
  readonly #planned: PlannedUser[] = [];

  /** The planned users without a 201 so far. */
  get uncreated(): readonly PlannedUser[] {
    return this.#planned.filter(({ entry }) => entry.known === undefined);
  }

  plan(): PlannedUser {
    const n = this.#planned.length;
    const email = `user${n}${domain}`;
    const planned = { body: { name: `User ${n}`, email }, entry: this.#ledger.open(email) };
    this.#planned.push(planned);
    return planned;
  }

  /** Sends one attempt. Rejects if the response is another than 201, or than the one before. */
  async create(send: Send, { body, entry }: PlannedUser): Promise<void> {
    const before = entry.known;
    await entry.change(
      (state) => state?.name === body.name && state.created_at === state.updated_at,
      async () => {
        const headers = { "idempotency-key": body.email };
        const response = await send("POST", "/users", { json: body, headers });
        return bodyOfStatus(response, 201) as User;
      },
    );
    if (before !== undefined) entry.settle(before);
  }

  /** Repeats a request that got a 201. */
  async repeat(send: Send): Promise<void> {
    const planned = this.#planned[Math.floor(Math.random() * this.#planned.length)];
    if (planned?.entry.known !== undefined) await this.create(send, planned);
  }

  /** Compares the stored users with the responses. @throws Error unless each is stored exactly once */
  async settle(send: Send): Promise<number> {
    const all = await listAll<User>(send, "/users?limit=1000");
    const stored = all.filter(({ email }) => email.endsWith(domain));
    this.#ledger.settle(stored);
    const { length } = this.#planned;
    if (stored.length !== length) throw new Error(`${stored.length} users for ${length} keys`);
    return length;
  }
}
