// Lists in pages: a limit, an opaque cursor that says where the page starts, a Link to the next page.
import { customType } from "../schema/custom-type.ts";

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
  description: `Most items in one answer, ${defaultLimit} if left out`,
});

/** The items in a page, from the `limit` that the client sent. */
export function parseLimit(sent: string | undefined): number {
  return sent === undefined ? defaultLimit : Number(sent);
}

const maxCursorLength = 4096;
const checksumBytes = 6;

/**
 * Makes the cursors of one list: positions in the list, as text that means nothing to other lists. A
 * checksum over the list's name and the key tells cursors of this list from text that a client made up or
 * took from another list; the checksum is not a secret.
 *
 * @param list the list's name, such as `users`
 * @param isKey whether a decoded value is a key of this list
 */
export function cursorCodec<Key>(list: string, isKey: (value: unknown) => value is Key) {
  const checksum = (payload: Buffer) =>
    new Bun.CryptoHasher("sha256")
      .update(list)
      .update("\0")
      .update(payload)
      .digest()
      .subarray(0, checksumBytes);

  const encode = (key: Key): string => {
    const payload = Buffer.from(JSON.stringify(key));
    return Buffer.concat([checksum(payload), payload]).toString("base64url");
  };

  /** The key in a cursor of this list; undefined for any other text, or if the client sent none. */
  const decode = (cursor: string | undefined): Key | undefined => {
    if (cursor === undefined || cursor.length > maxCursorLength) return undefined;
    const bytes = Buffer.from(cursor, "base64url");
    const payload = bytes.subarray(checksumBytes);
    // Buffer skips characters outside base64url, so only the spelling that encode() made is accepted.
    if (bytes.toString("base64url") !== cursor) return undefined;
    if (!checksum(payload).equals(bytes.subarray(0, checksumBytes))) return undefined;
    try {
      const key: unknown = JSON.parse(payload.toString());
      return isKey(key) ? key : undefined;
    } catch {
      return undefined;
    }
  };

  /** The schema of `after`: the page starts behind this position. */
  const schema = customType<string>(`Cursor of ${list}`, {
    check: (value) => typeof value === "string" && decode(value) !== undefined,
    rule: () => `a cursor from the Link of an earlier page of ${list}`,
  })({ type: "string", description: "Where to go on: taken from the Link of the page before" });

  return { schema, encode, decode };
}

/**
 * The `Link` field (RFC 8288) to the page behind `cursor`, relative to the server.
 *
 * @param query the whole query of this page, so that the limit and every filter hold on the next
 */
export function nextLink(
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  cursor: string,
): string {
  const next = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after: cursor })) {
    if (value !== undefined) next.set(name, value);
  }
  return `<${path}?${next.toString()}>; rel="next"`;
}
