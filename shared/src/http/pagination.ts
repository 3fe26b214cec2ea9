// Lists in pages: a limit, an opaque cursor to go on after, and a Link to the next page.
import type { TUnsafe } from "@sinclair/typebox";
import { customType } from "../schema/custom-type.ts";

const maxLimit = 1000;
const defaultLimit = 100;

const limitKind = customType<string>("Limit", {
  // By value, as everywhere, but in plain digits: the URL is no place for 1e2 or 0x64.
  check: (value) =>
    typeof value === "string" &&
    /^[0-9]{1,9}$/.test(value) &&
    Number(value) >= 1 &&
    Number(value) <= maxLimit,
  rule: () => `a whole number from 1 to ${maxLimit}`,
});

/** The schema of `limit`: items in a page, 1–1000, 100 if left out. */
export const limit = limitKind({
  type: "integer",
  minimum: 1,
  maximum: maxLimit,
  // Elysia would put a `default` keyword into the query as a number.
  description: `Most items in one answer, ${defaultLimit} if left out`,
});

/** The number of items that a caller asked for. */
export function parseLimit(sent: string | undefined): number {
  return sent === undefined ? defaultLimit : Number(sent);
}

/** A list's position after one of its items, as a string that only that list can read. */
export interface CursorCodec<Key> {
  /** The schema of `after`. */
  readonly schema: TUnsafe<string>;
  encode(key: Key): string;
  /** The key in a cursor that we made; undefined for any other string. */
  decode(cursor: string): Key | undefined;
}

const maxCursorLength = 4096;
const checksumBytes = 6;

/**
 * The cursors of one list. A checksum over the list's name and the key tells ours from strings
 * that somebody made up or took from another list; it is no secret.
 *
 * @param list the list's name, such as `users`
 * @param isKey whether a decoded value is a key of this list
 */
export function cursorCodec<Key>(
  list: string,
  isKey: (value: unknown) => value is Key,
): CursorCodec<Key> {
  const checksum = (payload: Buffer) =>
    new Bun.CryptoHasher("sha256")
      .update(list)
      .update("\0")
      .update(payload)
      .digest()
      .subarray(0, checksumBytes);

  const encode = (key: Key) => {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([checksum(payload), payload]).toString("base64url");
  };

  const decode = (cursor: string) => {
    if (cursor.length > maxCursorLength) return undefined;
    const bytes = Buffer.from(cursor, "base64url");
    const payload = bytes.subarray(checksumBytes);
    // Decoding skips what is not base64url: only the spelling that we made is ours.
    if (bytes.toString("base64url") !== cursor) return undefined;
    if (!checksum(payload).equals(bytes.subarray(0, checksumBytes))) return undefined;
    const key = parseJson(payload.toString());
    return isKey(key) ? key : undefined;
  };

  const schema = customType<string>(`Cursor of ${list}`, {
    check: (value) => typeof value === "string" && decode(value) !== undefined,
    rule: () => `a cursor from the Link of an earlier page of ${list}`,
  })({ type: "string", description: "Where to go on: taken from the Link of the page before" });

  return { schema, encode, decode };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The `Link` field (RFC 8288) to the page after `cursor`, relative to the server, which keeps the
 * limit and the filters that were sent.
 */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  cursor: string,
): string {
  const next = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) next.set(name, value);
  }
  next.set("after", cursor);
  return `<${path}?${next.toString()}>; rel="next"`;
}
