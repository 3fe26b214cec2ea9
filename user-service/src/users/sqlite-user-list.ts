// Pages of users in SQLite. docs/decisions/queries-and-indexes.md says what each statement costs.
import type { Database } from "bun:sqlite";
import { idRange, type IdRange } from "@platform/shared/core/id-range";
import { toPage, type Page } from "@platform/shared/core/page";
import { lazyStatements } from "@platform/shared/sqlite/lazy-statements";
import type { UserRow } from "./user-row.ts";
import { positionOf, type UserPosition, type UserQuery } from "./user-store.ts";

/** A position between users. SQLite sorts a BLOB after every text. */
type Position = { name: string | Uint8Array; id: string };

const firstPosition: Position = { name: "", id: "" };
const lastPosition: Position = { name: Uint8Array.of(0), id: "" };

type Parameters = IdRange &
  Position & {
    limit: number;
    email: string | null;
    ids: string | null;
    endName: Position["name"] | null;
    endId: string | null;
    maxUsersRead: number;
  };

const columns = "id, name, email, created_at, updated_at";
const joinedColumns = "users.id, users.name, users.email, users.created_at, users.updated_at";

/**
 * The statements of one direction: ascending, or its exact reverse. +$limit: SQLite plans a statement anew
 * for each run if its limit is a bare parameter.
 */
function statementsIn(direction: "ASC" | "DESC") {
  const behind = direction === "ASC" ? ">" : "<";
  return {
    byName: `
      SELECT ${columns}
      FROM users
      WHERE (name, id) ${behind} ($name, $id)
      ORDER BY name ${direction}, id ${direction}
      LIMIT +$limit`,
    byAge: `
      SELECT ${columns}
      FROM users
      WHERE id > $above AND id < $below
      ORDER BY id ${direction}
      LIMIT +$limit`,
    // One user at most, in whichever order. +id: SQLite is to search by the address.
    withEmail: `
      SELECT ${columns}
      FROM users
      WHERE email = +$email
        AND +id > $above AND +id < $below
        AND (name, +id) ${behind} ($name, $id)
      LIMIT +$limit`,
    withIdsByName: `
      SELECT ${joinedColumns}
      FROM json_each($ids)
      JOIN users ON users.id = value
      WHERE ($email IS NULL OR email = $email)
        AND +users.id > $above AND +users.id < $below
        AND (name, +users.id) ${behind} ($name, $id)
      ORDER BY name ${direction}, users.id ${direction}
      LIMIT +$limit`,
    withIdsByAge: `
      SELECT ${joinedColumns}
      FROM json_each($ids)
      JOIN users ON users.id = value
      WHERE ($email IS NULL OR email = $email)
        AND +users.id > $above AND +users.id < $below
      ORDER BY users.id ${direction}
      LIMIT +$limit`,
    // The subquery ends at the limit: SQLite sorts a bounded number of users.
    ofSmallRangeByName: `
      SELECT ${columns}
      FROM (
        SELECT ${columns}
        FROM users
        WHERE id > $above AND id < $below
        LIMIT +$maxUsersRead
      )
      WHERE (name, id) ${behind} ($name, $id)
      ORDER BY name ${direction}, id ${direction}
      LIMIT +$limit`,
    // The index has all that the conditions need, so SQLite reads the table for users of the page alone.
    ofLargeRangeByName: `
      SELECT ${joinedColumns}
      FROM users AS entry
      CROSS JOIN users ON users.id = entry.id
      WHERE (entry.name, entry.id) ${behind} ($name, $id)
        AND (entry.name, entry.id) ${behind === ">" ? "<=" : ">="} ($endName, $endId)
        AND +entry.id > $above AND +entry.id < $below
      ORDER BY entry.name ${direction}, entry.id ${direction}
      LIMIT +$limit`,
    endOfWindow: `
      SELECT name, id
      FROM users
      WHERE (name, id) ${behind} ($name, $id)
      ORDER BY name ${direction}, id ${direction}
      LIMIT 1 OFFSET +$maxUsersRead`,
  };
}

const statements = { ascending: statementsIn("ASC"), descending: statementsIn("DESC") };

const userBeyondSmallRange = `
  SELECT 1
  FROM users
  WHERE id > $above AND id < $below
  LIMIT 1 OFFSET +$maxUsersRead`;

/**
 * Makes the function that reads a page of users. It has to run within `read`.
 *
 * @param maxUsersRead no index has both the names and a range of creation times: for one page of a range
 * by name, SQLite sorts or looks through at most this many users. 10,000 take some 3 ms.
 */
export function sqliteUserList(
  db: Database,
  maxUsersRead: number,
): (query: UserQuery) => Page<UserRow, UserPosition> {
  const rows = lazyStatements<UserRow, Parameters>(db);
  const positions = lazyStatements<UserPosition, Parameters>(db);
  const userBeyond = lazyStatements<unknown, Parameters>(db);

  return ({ email = null, ids, sort, after, limit, ...created }) => {
    const isByName = sort === "name" || sort === "-name";
    const isDescending = sort.startsWith("-");
    const sql = isDescending ? statements.descending : statements.ascending;
    const start = isDescending ? lastPosition : firstPosition;
    const { name, id } = (isByName ? after : undefined) ?? start;
    const from = !isByName && after ? { id: after.id, isDescending } : undefined;
    const page: Parameters = {
      name,
      id,
      ...idRange(created, from),
      limit: limit + 1,
      email,
      ids: ids === undefined ? null : JSON.stringify(ids),
      endName: null,
      endId: null,
      maxUsersRead,
    };
    const read = (statement: string, parameters = page) =>
      toPage(rows(statement).all(parameters), limit, positionOf);

    if (ids !== undefined) return read(isByName ? sql.withIdsByName : sql.withIdsByAge);
    if (email !== null) return read(sql.withEmail);
    if (!isByName) return read(sql.byAge);
    const hasRange = created.createdAfter !== undefined || created.createdBefore !== undefined;
    if (!hasRange) return read(sql.byName);
    if (userBeyond(userBeyondSmallRange).get(page) === null) return read(sql.ofSmallRangeByName);

    const end = positions(sql.endOfWindow).get(page) ?? undefined;
    const last = end ?? (isDescending ? firstPosition : lastPosition);
    const window = { ...page, endName: last.name, endId: last.id };
    const { items, nextAfter = end } = read(sql.ofLargeRangeByName, window);
    return { items, nextAfter };
  };
}
