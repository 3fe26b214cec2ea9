// Encrypts the position in a cursor. Proxies log addresses, so a cursor must not show a name: AES-256-GCM
// (NIST SP 800-38D) hides the position, and tells cursors of the service from any other text.
import { nodeCrypto } from "../core/node-crypto.ts";

/** Bytes of the nonce and of the tag. A random nonce stays safe for some 2^32 cursors of a key. */
const nonceBytes = 12;
const tagBytes = 16;

/** Positions are padded to a multiple of this, so that the length tells next to nothing about a name. */
const blockBytes = 128;

/** Room for a name of 100 characters, each of four bytes, and an identifier. */
export const maxPositionBytes = 5 * blockBytes;

/** The most characters of a cursor, in Base64. */
export const maxCursorLength = Math.ceil(((nonceBytes + maxPositionBytes + tagBytes) * 4) / 3);

const algorithm = "aes-256-gcm";

/**
 * Makes a cursor, in characters that a URL needs not escape.
 *
 * @param position a JSON value of at most {@link maxPositionBytes}
 * @param secret 32 bytes
 * @param purpose `openCursor` needs the same: a cursor is no use for another list or sort
 */
export function sealCursor(position: unknown, secret: Uint8Array, purpose: string): string {
  const json = JSON.stringify(position);
  const jsonBytes = Buffer.byteLength(json);
  if (jsonBytes > maxPositionBytes) throw new RangeError("The position is too long for a cursor");
  const padding = " ".repeat(Math.ceil(jsonBytes / blockBytes) * blockBytes - jsonBytes);
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const cipher = nodeCrypto().createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(purpose));
  const encrypted = cipher.update(json + padding, "utf8");
  return Buffer.concat([nonce, encrypted, cipher.final(), cipher.getAuthTag()]).toString(
    "base64url",
  );
}

/** The bytes of a text that can be a cursor, judged by its length and characters alone. */
function cursorBytes(text: string): Buffer | undefined {
  if (text.length > maxCursorLength) return undefined;
  const bytes = Buffer.from(text, "base64url");
  // Buffer skips characters outside of Base64, so only the spelling that sealCursor() made is accepted.
  const isShaped = bytes.length > nonceBytes + tagBytes && bytes.toString("base64url") === text;
  return isShaped ? bytes : undefined;
}

/** Whether a text can be a cursor, judged by its length and characters alone. */
export function isCursorShaped(text: string): boolean {
  return cursorBytes(text) !== undefined;
}

/** The position in a cursor; undefined for every text that `sealCursor` did not make for the purpose. */
export function openCursor(text: string, secret: Uint8Array, purpose: string): unknown {
  const bytes = cursorBytes(text);
  if (bytes === undefined) return undefined;
  const nonce = bytes.subarray(0, nonceBytes);
  const decipher = nodeCrypto().createDecipheriv(algorithm, secret, nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-tagBytes));
  const padded = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8");
  try {
    decipher.final();
  } catch {
    return undefined; // the tag does not match
  }
  return JSON.parse(padded);
}
