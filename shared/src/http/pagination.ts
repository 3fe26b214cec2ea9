// Lists in pages: a limit, a sort, an opaque cursor that says where the page starts, a Link to the next
// page.
import { Type, type Static, type TProperties, type TSchema, type TUnsafe } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Storage } from "../core/storage.ts";
import { customType } from "../schema/custom-type.ts";
import { maxJsonBytes } from "../schema/max-json-bytes.ts";
import {
  isCursorShaped,
  maxCursorLength,
  maxPositionBytes,
  openCursor,
  sealCursor,
} from "./cursor-cipher.ts";
import { QueryMismatch, withQueryCheck, type QueryCheck } from "./query-string.ts";

const maxLimit = 1000;
const defaultLimit = 100;

// Number() would accept 1e2 and 0x64 too.
const plainDigits = /^[0-9]{1,9}$/;

/** The schema of `limit`: the items in a page, 1 to 1000; 100 if the client leaves it out. */
export const limit = customType<string>("Limit", {
  check(value) {
    if (typeof value !== "string" || !plainDigits.test(value)) return false;
    return Number(value) >= 1 && Number(value) <= maxLimit;
  },
  rule: () => `a whole number from 1 to ${maxLimit}`,
})({
  type: "integer",
  minimum: 1,
  maximum: maxLimit,
  // Elysia would put a `default` keyword into the query as a number.
  description: `The most items in the response, ${defaultLimit} if left out`,
});

/** A list that clients read page by page. */
interface ListOptions<Position extends TSchema, Sort extends string> {
  /** Its name, such as `users`. */
  readonly name: string;
  /** What `sort` may be; the first one is the default. A minus means the exact reverse. */
  readonly sorts: readonly [Sort, ...Sort[]];
  /** The schema of a position in the list. A cursor of an older version may hold another one. */
  readonly position: Position;
}

/** What the query of a list says about pages. */
interface SentPage<Sort extends string> {
  readonly limit?: string;
  readonly after?: string;
  readonly sort?: Sort;
}

/** Where a page starts, and how long it is. */
interface PageRequest<Position, Sort extends string> {
  readonly sort: Sort;
  /** The position before the first item (exclusive); undefined: from the start. */
  readonly after: Position | undefined;
  /** The most items in the page, 1 to 1000. */
  readonly limit: number;
}

type Secrets = Pick<Storage, "secret">;

/**
 * Makes what the route of a list needs. Its cursors hold the position of the last item at the time the
 * page was made, encrypted under a secret of the storage: whatever happens to that item, the next page
 * starts there. A cursor of another list, of another sort or of another database is 422.
 *
 * @throws Error if a cursor might be too long for a position
 */
export function pagedList<P extends TSchema, Sort extends string>({
  name,
  sorts,
  position: positionSchema,
}: ListOptions<P, Sort>) {
  // Otherwise a page that ends at an item with a long title would be a 500.
  if (!(maxJsonBytes(positionSchema) <= maxPositionBytes)) {
    throw new Error(
      `The position of ${name} may have more than ${maxPositionBytes} bytes: bound its strings`,
    );
  }
  type Position = Static<P>;
  const purpose = (sort: Sort) => `${name}\0${sort}`;
  const secretOf = ({ secret }: Secrets) => secret("cursor");

  const open = (cursor: string, sort: Sort, storage: Secrets): Position | undefined => {
    const position = openCursor(cursor, secretOf(storage), purpose(sort));
    return Value.Check(positionSchema, position) ? position : undefined;
  };

  const allowed = `a cursor from the Link of an earlier page of ${name} in the same order`;
  // Whether the service made the cursor depends on the storage and on `sort`, which checkCursor() has.
  const after = customType<string>(`Cursor of ${name}`, {
    check: (value) => typeof value === "string" && isCursorShaped(value),
    rule: () => allowed,
  })({
    type: "string",
    maxLength: maxCursorLength,
    description: "Where to go on: taken from the Link of the page before",
  });

  const sort: TUnsafe<Sort> = Type.Unsafe<Sort>(
    Type.Union(
      sorts.map((each) => Type.Literal(each)),
      { description: `The order, \`${sorts[0]}\` if left out; a minus means the reverse` },
    ),
  );

  const checkCursor: QueryCheck = ({ after: cursor, sort: sent }, secret) => {
    if (cursor === undefined || !isCursorShaped(cursor)) return undefined;
    // An invalid sort is an error of its own: the cursor then has to fit any of the sorts.
    const candidates = sorts.filter((each) => each === (sent ?? sorts[0]));
    const isOurs = (candidates.length > 0 ? candidates : sorts).some(
      (each) => open(cursor, each, { secret }) !== undefined,
    );
    return isOurs ? undefined : { parameter: "after", detail: `Must be ${allowed}` };
  };

  return {
    /** The schema of the query: the parameters of pages and the list's own filters. */
    query: <Filters extends TProperties>(filters: Filters) =>
      withQueryCheck(
        Type.Object({
          limit: Type.Optional(limit),
          after: Type.Optional(after),
          sort: Type.Optional(sort),
          ...filters,
        }),
        checkCursor,
      ),

    /**
     * The page that a client asks for, from a query that matched the schema.
     *
     * @throws QueryMismatch if the cursor is not from this list in the same order
     */
    parse({ limit, after, sort = sorts[0] }: SentPage<Sort>, storage: Secrets) {
      const position = after === undefined ? undefined : open(after, sort, storage);
      if (after !== undefined && position === undefined) throw new QueryMismatch();
      const page: PageRequest<Position, Sort> = {
        sort,
        after: position,
        limit: limit === undefined ? defaultLimit : Number(limit),
      };
      return page;
    },

    /** The cursor of the page that starts after a position. */
    cursor: (position: Position, { sort = sorts[0] }: SentPage<Sort>, storage: Secrets): string =>
      sealCursor(position, secretOf(storage), purpose(sort)),
  };
}

/**
 * The `Link` field (RFC 8288) to the page behind `cursor`.
 *
 * @param address the address of the list, such as `/users`
 * @param query the whole query of this page, so that the limit, the sort and every filter hold on the
 * next
 */
export function nextLink(
  address: string,
  query: Readonly<Record<string, string | undefined>>,
  cursor: string,
): string {
  // A URLSearchParams takes some 5 µs more.
  const pairs: string[] = [];
  for (const [name, value] of Object.entries({ ...query, after: cursor })) {
    if (value !== undefined) pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return `<${address}?${pairs.join("&")}>; rel="next"`;
}
