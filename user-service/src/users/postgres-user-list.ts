// Pages of users in PostgreSQL. docs/decisions/queries-and-indexes.md says what each statement costs.
import { idRange } from "@platform/shared/core/id-range";
import { toPage, type Page } from "@platform/shared/core/page";
import { customPlan } from "@platform/shared/postgres/custom-plan";
import type { PostgresStorage, Statement } from "@platform/shared/postgres/postgres-storage";
import type { SQL } from "bun";
import type { UserRow } from "./user-row.ts";
import { positionOf, type UserPosition, type UserQuery } from "./user-store.ts";

/** The columns of a {@link UserRow}. Bun.SQL makes a string of a bigint, and a number of a float8. */
export const userColumns = (sql: SQL) => sql`
  users.id, users.name, users.email, users.created_at::float8, users.updated_at::float8`;

/** The condition of the unique index. */
const hasEmail = (sql: SQL, email: string) => sql`lower(email) = lower(${email} COLLATE "C")`;

/** The fragments of SQL that several statements of a query have. */
function sqlFragments({ sort, after, createdAfter, createdBefore }: UserQuery) {
  const isByName = sort === "name" || sort === "-name";
  const isDescending = sort.startsWith("-");
  const from = !isByName && after ? { id: after.id, isDescending } : undefined;
  const { above, below } = idRange({ createdAfter, createdBefore }, from);
  return {
    isByName,
    isWholeTime: createdAfter === undefined && createdBefore === undefined,
    // Compares as `id > … AND id < …` would. Of that pair the planner thinks that it holds for few users
    // before it has statistics, and sorts all of them; of rows, that it holds for many.
    inRange: (sql: SQL) => sql`
      (id, id) > (${above}::uuid, ${above}::uuid) AND (id, id) < (${below}::uuid, ${below}::uuid)`,
    inOrder(sql: SQL) {
      if (!isByName) return isDescending ? sql`id DESC` : sql`id`;
      return isDescending ? sql`name DESC, id DESC` : sql`name, id`;
    },
    /** Whether a user is behind the position `after`, and up to `end`. */
    inWindow(sql: SQL, end?: UserPosition) {
      const start = isByName ? after : undefined;
      const [low, high] = isDescending ? [end, start] : [start, end];
      if (isDescending)
        return sql`
          ${low ? sql`(name, id) >= (${low.name}, ${low.id})` : sql`TRUE`}
          AND ${high ? sql`(name, id) < (${high.name}, ${high.id})` : sql`TRUE`}`;
      return sql`
        ${low ? sql`(name, id) > (${low.name}, ${low.id})` : sql`TRUE`}
        AND ${high ? sql`(name, id) <= (${high.name}, ${high.id})` : sql`TRUE`}`;
    },
  };
}

type SqlFragments = ReturnType<typeof sqlFragments>;

/**
 * All users of these ids, by name: what order-service asks for. Its limit lets it do with a generic plan, and
 * it has no fragments, which take Bun.SQL as long as the rest.
 */
const allOfIds =
  (ids: readonly string[]): Statement<UserRow> =>
  (sql) =>
    sql`
    SELECT id, name, email, created_at::float8, updated_at::float8
    FROM (
      SELECT *
      FROM users
      WHERE id = ANY(${ids}::uuid[])
      LIMIT ${ids.length}
    ) AS users
    ORDER BY name, id`;

// Here and below: a subquery's limit keeps PostgreSQL from another way to the rows, which would be the
// cheaper one if the conditions were as many users' as it guesses.
const someOfIds =
  (
    ids: readonly string[],
    { email, limit }: UserQuery,
    { inRange, inOrder, inWindow }: SqlFragments,
  ): Statement<UserRow> =>
  (sql) =>
    sql`
    SELECT ${userColumns(sql)}
    FROM (
      SELECT *
      FROM users
      WHERE id = ANY(${ids}::uuid[])
      LIMIT ${ids.length}
    ) AS users
    WHERE ${customPlan(sql)}
      AND ${email === undefined ? sql`TRUE` : hasEmail(sql, email)}
      AND ${inRange(sql)}
      AND ${inWindow(sql)}
    ORDER BY ${inOrder(sql)}
    LIMIT ${limit + 1}`;

/** One user at most, in whichever order. */
const ofEmail =
  (email: string, { inRange, inWindow }: SqlFragments): Statement<UserRow> =>
  (sql) =>
    sql`
    SELECT ${userColumns(sql)}
    FROM users
    WHERE ${customPlan(sql)}
      AND ${hasEmail(sql, email)}
      AND ${inRange(sql)}
      AND ${inWindow(sql)}`;

/** In the order of one index, whose part is the range or the window. */
const byIndex =
  (limit: number, { isByName, inRange, inOrder, inWindow }: SqlFragments): Statement<UserRow> =>
  (sql) =>
    sql`
    SELECT ${userColumns(sql)}
    FROM users
    WHERE ${customPlan(sql)} AND ${isByName ? inWindow(sql) : inRange(sql)}
    ORDER BY ${inOrder(sql)}
    LIMIT ${limit + 1}`;

/** The statement that reads the page of a query; undefined for a range of creation times by name. */
function pageStatement(query: UserQuery, fragments: SqlFragments): Statement<UserRow> | undefined {
  const { email, ids, sort, after, limit } = query;
  if (ids !== undefined) {
    const isWithoutRest = after === undefined && email === undefined && fragments.isWholeTime;
    return ids.length <= limit && sort === "name" && isWithoutRest
      ? allOfIds(ids)
      : someOfIds(ids, query, fragments);
  }
  if (email !== undefined) return ofEmail(email, fragments);
  return !fragments.isByName || fragments.isWholeTime ? byIndex(limit, fragments) : undefined;
}

/** Whether the range has more users than these. */
async function isLargeRange(
  read: PostgresStorage["read"],
  maxUsersRead: number,
  { inRange }: SqlFragments,
): Promise<boolean> {
  const userBeyond = await read<{ id: string }>(
    (sql) => sql`
      SELECT id
      FROM users
      WHERE ${customPlan(sql)} AND ${inRange(sql)}
      ORDER BY id
      LIMIT 1 OFFSET ${maxUsersRead}`,
  );
  return userBeyond.length > 0;
}

/** Sorts all users of a small range. */
const ofSmallRangeByName =
  (
    limit: number,
    maxUsersInRange: number,
    { inRange, inOrder, inWindow }: SqlFragments,
  ): Statement<UserRow> =>
  (sql) =>
    sql`
    SELECT ${userColumns(sql)}
    FROM (
      SELECT *
      FROM users
      WHERE ${inRange(sql)}
      ORDER BY id
      LIMIT ${maxUsersInRange}
    ) AS users
    WHERE ${customPlan(sql)} AND ${inWindow(sql)}
    ORDER BY ${inOrder(sql)}
    LIMIT ${limit + 1}`;

/**
 * Looks through the next users by name for those of a large range. The page ends with them, also where it
 * has fewer users than its limit.
 */
async function readLargeRangeByName(
  read: PostgresStorage["read"],
  limit: number,
  maxUsersRead: number,
  { inRange, inOrder, inWindow }: SqlFragments,
): Promise<Page<UserRow, UserPosition>> {
  const [end] = await read<UserPosition>(
    (sql) => sql`
      SELECT name, id
      FROM users
      WHERE ${customPlan(sql)} AND ${inWindow(sql)}
      ORDER BY ${inOrder(sql)}
      LIMIT 1 OFFSET ${maxUsersRead}`,
  );
  // The index has all that the inner conditions need: PostgreSQL reads the table for the page alone.
  const rows = await read<UserRow>(
    (sql) => sql`
      SELECT ${userColumns(sql)}
      FROM (
        SELECT name, id
        FROM (
          SELECT name, id
          FROM users
          WHERE ${inWindow(sql, end)}
          ORDER BY ${inOrder(sql)}
          LIMIT ${2 * maxUsersRead}
        ) AS seen
        WHERE ${customPlan(sql)} AND ${inRange(sql)}
        ORDER BY ${inOrder(sql)}
        LIMIT ${limit + 1}
      ) AS entry
      JOIN users USING (name, id)
      ORDER BY ${inOrder(sql)}`,
  );
  const { items, nextAfter = end } = toPage(rows, limit, positionOf);
  return { items, nextAfter };
}

/**
 * Reads a page of a range of creation times by name, which no index has in this order.
 *
 * Each statement sees users that were stored since the one before it. None is missed: the limits of the
 * subqueries are twice what was counted, and the end of the window is a position.
 */
async function readRangeByName(
  read: PostgresStorage["read"],
  limit: number,
  maxUsersRead: number,
  fragments: SqlFragments,
): Promise<Page<UserRow, UserPosition>> {
  if (await isLargeRange(read, maxUsersRead, fragments)) {
    return readLargeRangeByName(read, limit, maxUsersRead, fragments);
  }
  return toPage(
    await read(ofSmallRangeByName(limit, 2 * maxUsersRead, fragments)),
    limit,
    positionOf,
  );
}

/**
 * Makes the function that reads a page of users.
 *
 * @param maxUsersRead no index has both the names and a range of creation times: for one page of a range
 * by name, PostgreSQL sorts or looks through about this many users at most
 */
export function postgresUserList(
  { read }: Pick<PostgresStorage, "read">,
  maxUsersRead: number,
): (query: UserQuery) => Promise<Page<UserRow, UserPosition>> {
  return async (query) => {
    const { limit } = query;
    const fragments = sqlFragments(query);
    const statement = pageStatement(query, fragments);
    if (statement === undefined) return readRangeByName(read, limit, maxUsersRead, fragments);
    return toPage(await read(statement), limit, positionOf);
  };
}
