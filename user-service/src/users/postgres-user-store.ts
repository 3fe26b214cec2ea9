// Users in PostgreSQL.
import { uuidSequence } from "@platform/shared/core/uuid-sequence";
import type { Claim } from "@platform/shared/idempotency/claim";
import { postgresIdempotency } from "@platform/shared/idempotency/postgres-idempotency";
import { batchReads } from "@platform/shared/postgres/batch-reads";
import { batchWrites } from "@platform/shared/postgres/batch-writes";
import { isUniqueViolation } from "@platform/shared/postgres/errors";
import { conflict, optimisticChanges } from "@platform/shared/postgres/optimistic-changes";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { readInTime } from "@platform/shared/postgres/request-deadline";
import { insertBatch } from "./postgres-user-insert.ts";
import { postgresUserList, userColumns } from "./postgres-user-list.ts";
import { toUser, type UserRow } from "./user-row.ts";
import type { UserStore } from "./user-store.ts";
import { EmailTaken, UserNotFound, type NewUser, type User } from "./user.ts";

/**
 * Makes the store of users and of their idempotency keys.
 *
 * @param now milliseconds since 1970
 * @param maxUsersRead see {@link postgresUserList}
 */
export function postgresUserStore(
  storage: PostgresStorage,
  now = Date.now,
  maxUsersRead = 10_000,
): UserStore {
  const { read, write } = storage;
  const nextId = uuidSequence(now);
  const listUsers = postgresUserList(storage, maxUsersRead);
  const changeRow = optimisticChanges();

  const findRow = batchReads<UserRow>({
    read: ([id = "", ...others]) =>
      read((sql) =>
        others.length === 0
          ? // Without fragments, which take Bun.SQL a fifth of the time of a read.
            sql`
              SELECT id, name, email, created_at::float8, updated_at::float8
              FROM users
              WHERE id = ${id}`
          : sql`
              SELECT ${userColumns(sql)}
              FROM users
              WHERE id = ANY(${[id, ...others]}::uuid[])`,
      ),
    keyOf: ({ id }) => id,
  });

  async function find(id: string): Promise<User | undefined> {
    const row = await findRow(id);
    return row && toUser(row);
  }

  const { keys, createOnce } = postgresIdempotency(storage, find);

  const insert = batchWrites({
    storage,
    keyOf: ({ email }: NewUser & Partial<Claim>) => email.toLowerCase(),
    async write(creations, queuedAt) {
      const users = creations.map((creation) => {
        const { id, time } = nextId();
        return { id, ...creation, created_at: time, updated_at: time };
      });
      const insertions = await insertBatch(storage, users, queuedAt);
      return users.map((user, index) => ({ user, insertion: insertions[index] }));
    },
  });

  return {
    ...keys,

    create: (newUser, claim) =>
      createOnce(async () => {
        const { user, insertion } = await insert({ ...newUser, ...claim });
        if (insertion === "email-taken") throw new EmailTaken();
        return insertion === "stored" ? toUser(user) : undefined;
      }, claim),

    find: (id) => readInTime(find(id)),

    async list(query) {
      const { items, nextAfter } = await readInTime(listUsers(query));
      return { items: items.map(toUser), nextAfter };
    },

    update: (id, change, precondition) =>
      changeRow(id, async () => {
        const row = await findRow(id);
        if (row === undefined) throw new UserNotFound();
        const current = toUser(row);
        const unmet = precondition(current);
        if (unmet !== undefined) throw unmet;
        const wanted = { ...row, ...change };
        if (Bun.deepEquals(wanted, row)) return current;
        const [changed] = await write<UserRow>(
          // The replica with the latest change may have a clock that runs ahead.
          (sql) => sql`
            UPDATE users
            SET name = ${wanted.name}, email = ${wanted.email},
              updated_at = GREATEST(${now()}, updated_at + 1)
            WHERE id = ${id} AND updated_at = ${row.updated_at}
            RETURNING ${userColumns(sql)}`,
        ).catch((error: unknown) => {
          throw isUniqueViolation(error, "users_email") ? new EmailTaken() : error;
        });
        return changed === undefined ? conflict : toUser(changed);
      }),

    remove: (id, precondition) =>
      changeRow(id, async () => {
        const row = await findRow(id);
        if (row === undefined) throw new UserNotFound();
        const unmet = precondition(toUser(row));
        if (unmet !== undefined) throw unmet;
        const removed = await write<{ id: string }>(
          (sql) => sql`
            DELETE FROM users
            WHERE id = ${id} AND updated_at = ${row.updated_at}
            RETURNING id`,
        );
        return removed.length === 0 ? conflict : undefined;
      }),
  };
}
