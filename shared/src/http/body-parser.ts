// What makes a body JSON, and what is in it.
import { deepBody, malformedBody } from "./common-problems.ts";

const jsonType = /^application\/(?:[\w.!#$&^+-]+\+)?json\s*(?:;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]*)"?/i;

/** Whether a Content-Type says JSON: `application/json` or `application/*+json`, in UTF-8. */
export function isJsonType(contentType: string | null): boolean {
  if (contentType === null || !jsonType.test(contentType.trim())) return false;
  const encoding = charset.exec(contentType)?.[1];
  return encoding === undefined || /^utf-?8$/i.test(encoding);
}

/** Whether a Content-Encoding says that the body is as it is. */
export function isPlain(contentEncoding: string | null): boolean {
  return contentEncoding === null || /^\s*(?:identity)?\s*$/i.test(contentEncoding);
}

/** Whether a request brings a body, which may be empty all the same if it is sent in chunks. */
export function hasBody(request: Request): boolean {
  const length = request.headers.get("content-length");
  return length === null ? request.body !== null : !/^0+$/.test(length);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Levels of arrays and objects that a body may have: parsing time grows out of proportion with them. */
const maxDepth = 500;

const [quote, backslash] = [0x22, 0x5c];

/** Whether JSON is nested more than 500 levels deep, which nobody means (RFC 8259, 9, allows a limit). */
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
      if (depth > maxDepth) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}

/**
 * The value in a JSON body; undefined if the body is empty.
 *
 * @throws HttpProblem 400 if it is not JSON in UTF-8 (RFC 8259) or nested more than 500 levels deep
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined;
  if (isTooDeep(bytes)) throw deepBody(maxDepth);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw malformedBody(cause);
  }
}
