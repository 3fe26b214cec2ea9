// Pages of users in PostgreSQL. docs/decisions/queries-and-indexes.md says what each statement costs.
import { toPage, type Page } from "@platform/shared/core/page";
import { plannedAnew } from "@platform/shared/postgres/planned-anew";
import type { PostgresStorage } from "@platform/shared/postgres/postgres-storage";
import { idRange } from "@platform/shared/schema/id-range";
import type { SQL } from "bun";
import type { UserRow } from "./user-row.ts";
import type { UserKey, UserQuery } from "./user-store.ts";

/** The columns of a {@link UserRow}. Bun.SQL makes a string of a bigint, and a number of a float8. */
export const userColumns = (sql: SQL) => sql`
  users.id, users.name, users.email, users.created_at::float8, users.updated_at::float8`;

/**
 * Makes the function that reads a page of users.
 *
 * @param maxUsersRead no index has both the names and a range of creation times: for one page of a range
 * by name, PostgreSQL sorts or looks through about this many users at most
 */
export function postgresUserList(
  { read }: Pick<PostgresStorage, "read">,
  maxUsersRead: number,
): (query: UserQuery) => Promise<Page<UserRow, UserKey>> {
  return async ({ email, ids, sort, after, limit, ...created }) => {
    const isByName = sort === "name" || sort === "-name";
    const isDescending = sort.startsWith("-");
    const from = !isByName && after ? { id: after.id, isDescending } : undefined;
    const { above, below } = idRange(created, from);

    // Compares as `id > … AND id < …` would. Of that pair the planner thinks that it holds for few users
    // before it has statistics, and sorts all of them; of rows, that it holds for many.
    const inRange = (sql: SQL) => sql`
      (id, id) > (${above}::uuid, ${above}::uuid) AND (id, id) < (${below}::uuid, ${below}::uuid)`;
    const inOrder = (sql: SQL) => {
      if (!isByName) return isDescending ? sql`id DESC` : sql`id`;
      return isDescending ? sql`name DESC, id DESC` : sql`name, id`;
    };
    /** Whether a user is behind the position `after`, and up to `end`. */
    const inWindow = (sql: SQL, end?: UserKey) => {
      const start = isByName ? after : undefined;
      const [low, high] = isDescending ? [end, start] : [start, end];
      if (isDescending)
        return sql`
          ${low ? sql`(name, id) >= (${low.name}, ${low.id})` : sql`TRUE`}
          AND ${high ? sql`(name, id) < (${high.name}, ${high.id})` : sql`TRUE`}`;
      return sql`
        ${low ? sql`(name, id) > (${low.name}, ${low.id})` : sql`TRUE`}
        AND ${high ? sql`(name, id) <= (${high.name}, ${high.id})` : sql`TRUE`}`;
    };
    const readPage = async (statement: (sql: SQL) => PromiseLike<UserRow[]>) =>
      toPage<UserRow>(await read(statement), limit);

    const isWholeTime = created.createdAfter === undefined && created.createdBefore === undefined;
    const isWithoutRest = after === undefined && email === undefined && isWholeTime;
    // What order-service asks for. Its limit lets sessions keep the plan, and it has no parts, which take
    // Bun.SQL as long as the rest.
    if (ids !== undefined && ids.length <= limit && sort === "name" && isWithoutRest) {
      return readPage(
        (sql) => sql`
          SELECT id, name, email, created_at::float8, updated_at::float8
          FROM (
            SELECT *
            FROM users
            WHERE id = ANY(${ids}::uuid[])
            LIMIT ${ids.length}
          ) AS users
          ORDER BY name, id`,
      );
    }

    // Here and below: a subquery's limit keeps PostgreSQL from another way to the rows, which would be
    // the cheaper one if the conditions were as many users' as it guesses.
    if (ids !== undefined) {
      return readPage(
        (sql) => sql`
          SELECT ${userColumns(sql)}
          FROM (
            SELECT *
            FROM users
            WHERE id = ANY(${ids}::uuid[])
            LIMIT ${ids.length}
          ) AS users
          WHERE ${plannedAnew(sql)}
            AND ${email === undefined ? sql`TRUE` : hasEmail(sql, email)}
            AND ${inRange(sql)}
            AND ${inWindow(sql)}
          ORDER BY ${inOrder(sql)}
          LIMIT ${limit + 1}`,
      );
    }
    // One user at most, in whichever order.
    if (email !== undefined) {
      return readPage(
        (sql) => sql`
          SELECT ${userColumns(sql)}
          FROM users
          WHERE ${plannedAnew(sql)}
            AND ${hasEmail(sql, email)}
            AND ${inRange(sql)}
            AND ${inWindow(sql)}`,
      );
    }
    if (!isByName || isWholeTime) {
      return readPage(
        (sql) => sql`
          SELECT ${userColumns(sql)}
          FROM users
          WHERE ${plannedAnew(sql)} AND ${isByName ? inWindow(sql) : inRange(sql)}
          ORDER BY ${inOrder(sql)}
          LIMIT ${limit + 1}`,
      );
    }

    // Each statement below sees users that were stored since the one before it. None is missed: the
    // subqueries' limits leave room for them, and the end of the window is a position.
    const withRoom = 2 * maxUsersRead;
    const userBeyondSmallRange = await read<{ id: string }>(
      (sql) => sql`
        SELECT id
        FROM users
        WHERE ${plannedAnew(sql)} AND ${inRange(sql)}
        ORDER BY id
        LIMIT 1 OFFSET ${maxUsersRead}`,
    );
    if (userBeyondSmallRange.length === 0) {
      return readPage(
        (sql) => sql`
          SELECT ${userColumns(sql)}
          FROM (
            SELECT *
            FROM users
            WHERE ${inRange(sql)}
            ORDER BY id
            LIMIT ${withRoom}
          ) AS users
          WHERE ${plannedAnew(sql)} AND ${inWindow(sql)}
          ORDER BY ${inOrder(sql)}
          LIMIT ${limit + 1}`,
      );
    }
    const [end] = await read<UserKey>(
      (sql) => sql`
        SELECT name, id
        FROM users
        WHERE ${plannedAnew(sql)} AND ${inWindow(sql)}
        ORDER BY ${inOrder(sql)}
        LIMIT 1 OFFSET ${maxUsersRead}`,
    );
    // The index has all that the inner conditions need: PostgreSQL reads the table for the page alone.
    const { items, nextAfter = end } = await readPage(
      (sql) => sql`
        SELECT ${userColumns(sql)}
        FROM (
          SELECT name, id
          FROM (
            SELECT name, id
            FROM users
            WHERE ${inWindow(sql, end)}
            ORDER BY ${inOrder(sql)}
            LIMIT ${withRoom}
          ) AS seen
          WHERE ${plannedAnew(sql)} AND ${inRange(sql)}
          ORDER BY ${inOrder(sql)}
          LIMIT ${limit + 1}
        ) AS entry
        JOIN users USING (name, id)
        ORDER BY ${inOrder(sql)}`,
    );
    return { items, nextAfter };
  };
}

/** The condition of the unique index. */
function hasEmail(sql: SQL, email: string) {
  return sql`lower(email) = lower(${email} COLLATE "C")`;
}
