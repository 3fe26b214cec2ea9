// JSON that another program sends: UTF-8 (RFC 8259, 8.1), and of a bounded depth.

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Levels of arrays and objects in a text: parsing time grows out of proportion with them. */
export const maxJsonDepth = 500;

const [quote, backslash] = [0x22, 0x5c];

/** Whether JSON is nested more than 500 levels deep. RFC 8259, 9, allows a parser to set a limit. */
export function isTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let n = 0; n < json.length; n += 1) {
    const byte = json[n];
    if (isInString) {
      if (byte === backslash) n += 1;
      else if (byte === quote) isInString = false;
    } else if (byte === quote) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > maxJsonDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}

/**
 * Parses JSON. Check with {@link isTooDeep} first.
 *
 * @throws TypeError if the bytes are not UTF-8, SyntaxError if they are not JSON
 */
export function parseJson(bytes: Uint8Array): unknown {
  return JSON.parse(utf8.decode(bytes));
}
