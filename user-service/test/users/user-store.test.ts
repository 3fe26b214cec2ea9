// What every storage of users must do, whichever engine is behind it.
import { describe, expect, test } from "bun:test";
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { migrations } from "../../src/migrations/index.ts";
import { sqliteUserStore } from "../../src/users/sqlite-user-store.ts";
import { EmailTaken, UserNotFound } from "../../src/users/user.ts";

/** Makes an empty store, and a second one on the same data, as another replica has it. */
async function temporarySqliteUsers() {
  const database = await temporaryStorage(migrations);
  return {
    ...database,
    users: sqliteUserStore(database.storage),
    replica: sqliteUserStore(await database.openAgain()),
  };
}

const always = () => true;
const alice = { name: "Alice", email: "alice@example.com" };
const everything = { email: undefined, ids: undefined, after: undefined, limit: 1000 };

describe.each([["SQLite", temporarySqliteUsers]])("UserStore in %s", (_, open) => {
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
    const unmet = await rejectionOf(change(user.id, "new@example.com", () => false));
    expect(unmet).toBeInstanceOf(PreconditionFailed);
    const unknown = await rejectionOf(change(crypto.randomUUID(), "new@example.com"));
    expect(unknown).toBeInstanceOf(UserNotFound);
    expect(await stores.users.find(user.id)).toEqual(user);
  });

  test("update() rejects one of two changes of the same state, on whichever replica", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    const asSeen = (current: { updated_at: string }) => current.updated_at === user.updated_at;
    const outcomes = await Promise.allSettled([
      stores.users.update(user.id, { name: "One" }, asSeen),
      stores.replica.update(user.id, { name: "Two" }, asSeen),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("remove() deletes a user, and rejects an unmet precondition and an unknown id", async () => {
    await using stores = await open();
    const user = await stores.users.create(alice);
    const unmet = await rejectionOf(stores.users.remove(user.id, () => false));
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
      expect(rest.nextAfter !== undefined).toBe(n + 3 < all.length);
    }
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
