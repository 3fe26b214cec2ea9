// Users in SQLite.
import { unwrap } from "@platform/shared/core/result";
import { timeOfChange } from "@platform/shared/core/time-of-change";
import { uuidSequence } from "@platform/shared/core/uuid-sequence";
import { sqliteIdempotency } from "@platform/shared/idempotency/sqlite-idempotency";
import type { SqliteStorage } from "@platform/shared/sqlite/sqlite-storage";
import { sqliteUserList } from "./sqlite-user-list.ts";
import { toUser, type UserRow } from "./user-row.ts";
import type { UserStore } from "./user-store.ts";
import { EmailTaken, UserNotFound, type User } from "./user.ts";

/**
 * Makes the store of users and of their idempotency keys.
 *
 * @param now milliseconds since 1970
 * @param maxUsersRead see {@link sqliteUserList}
 */
export function sqliteUserStore(
  storage: SqliteStorage,
  now = Date.now,
  maxUsersRead = 10_000,
): UserStore {
  const { db, read, write } = storage;
  const nextId = uuidSequence(now);
  const listUsers = sqliteUserList(db, maxUsersRead);

  const byId = db.prepare<UserRow, { id: string }>(`
    SELECT id, name, email, created_at, updated_at
    FROM users
    WHERE id = $id`);
  const emailOwner = db.prepare<{ id: string }, { email: string }>(`
    SELECT id
    FROM users
    WHERE email = $email`);
  const insert = db.prepare<unknown, UserRow>(`
    INSERT INTO users (id, name, email, created_at, updated_at)
    VALUES ($id, $name, $email, $created_at, $updated_at)
    ON CONFLICT (email) DO NOTHING`);
  const update = db.prepare<unknown, UserRow>(`
    UPDATE users
    SET name = $name, email = $email, updated_at = $updated_at
    WHERE id = $id`);
  const remove = db.prepare<unknown, { id: string }>(`
    DELETE FROM users
    WHERE id = $id`);

  function findNow(id: string): User | undefined {
    const row = byId.get({ id });
    return row ? toUser(row) : undefined;
  }

  // A trigger of the database erases what a key keeps of its user when the user is deleted.
  const { keys, writeOnce } = sqliteIdempotency(storage, { find: findNow, now });

  return {
    ...keys,

    create: (user, claim) =>
      writeOnce<User>(() => {
        const { id, time } = nextId();
        const row = { id, ...user, created_at: time, updated_at: time };
        return insert.run(row).changes === 0 ? new EmailTaken() : toUser(row);
      }, claim),

    find: (id) => read(() => findNow(id)),

    list: (query) =>
      read(() => {
        const { items, nextAfter } = listUsers(query);
        return { items: items.map(toUser), nextAfter };
      }),

    async update(id, change, precondition) {
      const outcome = await write(() => {
        const row = byId.get({ id });
        if (row === null) return new UserNotFound();
        const current = toUser(row);
        const unmet = precondition(current);
        if (unmet !== undefined) return unmet;
        const wanted = { ...row, ...change };
        if (Bun.deepEquals(wanted, row)) return current;
        const owner = wanted.email === row.email ? null : emailOwner.get({ email: wanted.email });
        // If the two addresses differ only in case, SQLite finds this user as the owner.
        if (owner !== null && owner.id !== id) return new EmailTaken();
        const changed = { ...wanted, updated_at: timeOfChange(row.updated_at, now()) };
        update.run(changed);
        return toUser(changed);
      });
      return unwrap(outcome);
    },

    async remove(id, precondition) {
      const outcome = await write(() => {
        const row = byId.get({ id });
        if (row === null) return new UserNotFound();
        const unmet = precondition(toUser(row));
        if (unmet !== undefined) return unmet;
        remove.run({ id });
        return undefined;
      });
      unwrap(outcome);
    },
  };
}
