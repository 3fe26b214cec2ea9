// What every storage of users must do, whichever engine is behind it.
import { describe, expect, test } from "bun:test";
import { PreconditionFailed, type Precondition } from "@platform/shared/core/precondition";
import type { Claim } from "@platform/shared/idempotency/claim";
import { testIdempotencyKeys } from "@platform/shared/testing/idempotency-keys";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import type { UserQuery, UserStore } from "../../src/users/user-store.ts";
import { EmailTaken, UserNotFound, type User } from "../../src/users/user.ts";
import { userStores } from "./temporary-users.ts";

const always: Precondition = () => undefined;
const never: Precondition = () => new PreconditionFailed("changed");
const alice = { name: "Alice", email: "alice@example.com" };
const everything = { sort: "name", limit: 1000 } as const;

describe.each(userStores)("UserStore in %s", (_, open) => {
  test("find() returns a stored user, on every replica, and no other", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    expect(user).toMatchObject(alice);
    expect(await stores.users.find(user.id)).toEqual(user);
    expect(await stores.replica.find(user.id)).toEqual(user);
    expect(await stores.users.find("01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42")).toBeUndefined();
  });

  test("create() stores one user for an address, on whichever replica", async () => {
    await using stores = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) =>
        (n % 2 ? stores.users : stores.replica).create({
          name: `User ${n}`,
          email: n % 3 ? "ALICE@example.com" : "alice@example.com",
        }),
      ),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refused).toHaveLength(9);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(EmailTaken);
    expect((await stores.users.list(everything)).items).toHaveLength(1);
  });

  test("update() stores a change, keeps the rest and advances updated_at", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    const changed = await stores.users.update(user.id, { name: "Alicia" }, always);
    expect(changed).toEqual({ ...user, name: "Alicia", updated_at: changed.updated_at });
    expect(changed.updated_at > user.updated_at).toBe(true);
    expect(await stores.replica.find(user.id)).toEqual(changed);
  });

  test("update() stores nothing if nothing differs", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    expect(await stores.users.update(user.id, {}, always)).toEqual(user);
    expect(await stores.users.update(user.id, alice, always)).toEqual(user);
  });

  test("update() rejects a taken address, an unmet precondition and an unknown id", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    await stores.users.create({ name: "Bob", email: "bob@example.com" });
    const change = (id: string, email: string, precondition = always) =>
      stores.users.update(id, { email }, precondition);
    expect(await rejectionOf(change(user.id, "BOB@example.com"))).toBeInstanceOf(EmailTaken);
    const unmet = await rejectionOf(change(user.id, "new@example.com", never));
    expect(unmet).toBeInstanceOf(PreconditionFailed);
    const unknown = await rejectionOf(change(crypto.randomUUID(), "new@example.com"));
    expect(unknown).toBeInstanceOf(UserNotFound);
    expect(await stores.users.find(user.id)).toEqual(user);
  });

  test("update() rejects one of two changes of the same state, on whichever replica", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    const asSeen: Precondition = ({ updated_at }) =>
      updated_at === user.updated_at ? undefined : new PreconditionFailed("changed");
    const outcomes = await Promise.allSettled([
      stores.users.update(user.id, { name: "One" }, asSeen),
      stores.replica.update(user.id, { name: "Two" }, asSeen),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("remove() deletes a user, and rejects an unmet precondition and an unknown id", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    const unmet = await rejectionOf(stores.users.remove(user.id, never));
    expect(unmet).toBeInstanceOf(PreconditionFailed);
    await stores.users.remove(user.id, always);
    expect(await stores.users.find(user.id)).toBeUndefined();
    expect(await rejectionOf(stores.users.remove(user.id, always))).toBeInstanceOf(UserNotFound);
  });

  test("list() returns users by name in code point order, then by id, from any user on", async () => {
    await using stores = await open();
    const names = ["b", "B", "é", "😀", "\uffee", "b", "a"];
    for (const [n, name] of names.entries()) {
      await stores.users.create({ name, email: `user${n}@example.com` });
    }
    const { items: all } = await stores.users.list(everything);
    expect(all.map(({ name }) => name)).toEqual(["B", "a", "b", "b", "é", "\uffee", "😀"]);
    for (const [n, { name, id }] of all.entries()) {
      const rest = await stores.users.list({ ...everything, after: { name, id }, limit: 2 });
      expect(rest.items).toEqual(all.slice(n + 1, n + 3));
      const last = n + 3 < all.length ? rest.items.at(-1) : undefined;
      // toEqual() would fail for an e-mail address too: none gets into a cursor.
      expect(rest.nextAfter).toEqual(last && { name: last.name, id: last.id });
    }
  });

  test("list() returns the same users in each order, with any filter, in pages of any size", async () => {
    await using stores = await open();
    const { clock } = stores;
    const users: User[] = [];
    for (const [n, name] of Array.from("bBaéb😀cab").entries()) {
      users.push(await stores.users.create({ name, email: `user${n}@example.com` }));
      clock.ms += n % 3;
    }
    const byAge = users.toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const { items: byName } = await stores.users.list(everything);
    const created = (n: number) => Date.parse(byAge[n]?.created_at ?? "");
    const after = { createdAfter: created(1) };
    const before = { createdBefore: created(7) };
    const [first, , third] = users;
    const filters: Partial<UserQuery>[] = [
      {},
      after,
      before,
      { ...after, ...before },
      { createdAfter: created(8) },
      { ids: users.slice(2).map(({ id }) => id) },
      { ids: users.slice(2).map(({ id }) => id), ...after },
      { email: third?.email ?? "" },
      { email: first?.email ?? "", ...after },
    ];
    for (const store of [stores.users, stores.cautious]) {
      for (const filter of filters) {
        const isWanted = ({ id, email, created_at }: User) =>
          (filter.ids?.includes(id) ?? true) &&
          (filter.email === undefined || filter.email === email) &&
          Date.parse(created_at) > (filter.createdAfter ?? 0) &&
          Date.parse(created_at) < (filter.createdBefore ?? Infinity);
        for (const [sort, list] of [
          ["name", byName],
          ["-name", byName.toReversed()],
          ["created_at", byAge],
          ["-created_at", byAge.toReversed()],
        ] as const) {
          for (const limit of [2, users.length]) {
            const query = { ...filter, sort, limit };
            const found: User[] = [];
            for (let page = await store.list(query); ;) {
              found.push(...page.items);
              if (page.nextAfter === undefined) break;
              page = await store.list({ ...query, after: page.nextAfter });
            }
            expect({ query, found }).toEqual({ query, found: list.filter(isWanted) });
          }
        }
      }
    }
  });

  test("list() goes on behind a user that was renamed or deleted meanwhile", async () => {
    await using stores = await open();
    const users = await Promise.all(
      Array.from("abcdef", (name) => stores.users.create({ name, email: `${name}@example.com` })),
    );
    const names = async (query: Partial<UserQuery>) =>
      (await stores.users.list({ ...everything, ...query })).items.map(({ name }) => name);
    const at = (n: number) => ({ name: users[n]?.name ?? "", id: users[n]?.id ?? "" });
    const [b, d] = [at(1), at(3)];
    await stores.users.update(b.id, { name: "z" }, always);
    await stores.users.remove(d.id, always);
    expect(await names({ after: b, limit: 2 })).toEqual(["c", "e"]);
    expect(await names({ after: d, sort: "-name" })).toEqual(["c", "a"]);
    expect(await names({ after: d, sort: "created_at" })).toHaveLength(2);
  });

  test("list() ignores case where it filters by address", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    await stores.users.create({ name: "Bob", email: "bob@example.com" });
    const find = async (email: string) => (await stores.users.list({ ...everything, email })).items;
    expect(await find("ALICE@EXAMPLE.COM")).toEqual([user]);
    expect(await find("nobody@example.com")).toEqual([]);
  });
});

describe.each(userStores)("UserStore with keys in %s", (engine, open) => {
  testIdempotencyKeys(engine, async () => {
    const stores = await open();
    const withCount = (users: UserStore) => ({
      ...users,
      create: (claim: Claim, n = 0) =>
        users.create({ name: "Alice", email: `alice${n}@example.com` }, claim),
      count: async () => (await users.list(everything)).items.length,
    });
    return {
      ...stores,
      store: withCount(stores.users),
      replica: withCount(stores.replica),
      start: async () => withCount(await stores.openReplica()),
    };
  });

  test("claim() tells that the user of a completed key was deleted, on every replica", async () => {
    await using stores = await open();
    const result = await stores.users.claim("k", "f");
    if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
    const { id } = await stores.users.create(alice, result.claim);
    await stores.users.remove(id, always);
    for (const store of [stores.users, stores.replica]) {
      for (const fingerprint of ["f", "other"]) {
        expect(await store.claim("k", fingerprint)).toEqual({ outcome: "deleted" });
      }
    }
    expect(await stores.users.forgetKeys(-60_000, 1)).toBe(1);
  });
});
