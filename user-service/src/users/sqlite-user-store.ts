// Users in SQLite.
import { PreconditionFailed } from "@platform/shared/core/precondition";
import { unwrap } from "@platform/shared/core/result";
import { toPage } from "@platform/shared/core/page";
import type { SqliteStorage } from "@platform/shared/sqlite/sqlite-storage";
import { timeOfChange, toTimestamp } from "@platform/shared/schema/timestamp";
import { uuidSequence } from "@platform/shared/schema/uuid";
import { EmailTaken, UserNotFound, type User } from "./user.ts";
import type { UserStore } from "./user-store.ts";

type UserRow = {
  id: string;
  name: string;
  email: string;
  created_at: number;
  updated_at: number;
};

function toUser({ id, name, email, created_at, updated_at }: UserRow): User {
  return {
    id,
    name,
    email,
    created_at: toTimestamp(created_at),
    updated_at: toTimestamp(updated_at),
  };
}

/** The position before the first user: no name is empty. */
const start = { name: "", id: "" };

/**
 * Makes the store of users.
 *
 * @param now milliseconds since 1970
 */
export function sqliteUserStore({ db, read, write }: SqliteStorage, now = Date.now): UserStore {
  const nextId = uuidSequence(now);

  const byId = db.prepare<UserRow, { id: string }>(`
    SELECT id, name, email, created_at, updated_at
    FROM users
    WHERE id = $id`);
  const byName = db.prepare<UserRow, { name: string; id: string; limit: number }>(`
    SELECT id, name, email, created_at, updated_at
    FROM users
    WHERE (name, id) > ($name, $id)
    ORDER BY name, id
    LIMIT $limit`);
  const byEmail = db.prepare<UserRow, { email: string; name: string; id: string; limit: number }>(`
    SELECT id, name, email, created_at, updated_at
    FROM users
    WHERE email = $email AND (name, id) > ($name, $id)
    ORDER BY name, id
    LIMIT $limit`);
  const byIds = db.prepare<
    UserRow,
    { ids: string; email: string | null; name: string; id: string; limit: number }
  >(`
    SELECT users.id, name, email, created_at, updated_at
    FROM json_each($ids)
    JOIN users ON users.id = value
    WHERE ($email IS NULL OR email = $email) AND (name, users.id) > ($name, $id)
    ORDER BY name, users.id
    LIMIT $limit`);
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

  return {
    async create(user) {
      const outcome = await write(() => {
        const { id, time } = nextId();
        const row = { id, ...user, created_at: time, updated_at: time };
        return insert.run(row).changes === 0 ? new EmailTaken() : row;
      });
      return toUser(unwrap(outcome));
    },

    find: (id) =>
      read(() => {
        const row = byId.get({ id });
        return row ? toUser(row) : undefined;
      }),

    list: ({ email, ids, after: { name, id } = start, limit }) =>
      read(() => {
        const range = { name, id, limit: limit + 1 };
        const rows =
          ids !== undefined
            ? byIds.all({ ids: JSON.stringify(ids), email: email ?? null, ...range })
            : email !== undefined
              ? byEmail.all({ email, ...range })
              : byName.all(range);
        return toPage(rows.map(toUser), limit);
      }),

    async update(id, change, precondition) {
      const outcome = await write(() => {
        const row = byId.get({ id });
        if (row === null) return new UserNotFound();
        const current = toUser(row);
        if (!precondition(current)) return new PreconditionFailed();
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
        if (!precondition(toUser(row))) return new PreconditionFailed();
        remove.run({ id });
        return undefined;
      });
      unwrap(outcome);
    },
  };
}
