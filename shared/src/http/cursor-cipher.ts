// Encrypts the position in a cursor. Proxies log addresses, so a cursor must not show a name: AES-256-GCM
// (NIST SP 800-38D) hides the position, and tells cursors of the service from any other text.

/** Bytes of the nonce and of the tag. A random nonce stays safe for some 2^32 cursors of a key. */
const nonceBytes = 12;
const tagBytes = 16;

/** Positions are padded to a multiple of this, so that the length tells next to nothing about a name. */
const blockBytes = 128;

/** Room for a name of 100 characters, each of four bytes, and an identifier. */
const maxPositionBytes = 5 * blockBytes;

/** The most characters of a cursor, in Base64. */
export const maxCursorLength = Math.ceil(((nonceBytes + maxPositionBytes + tagBytes) * 4) / 3);

// Loading it takes several milliseconds, and only lists need it.
const nodeCrypto = () => process.getBuiltinModule("node:crypto");
const algorithm = "aes-256-gcm";

/**
 * Makes a cursor, in characters that a URL needs not escape.
 *
 * @param position a JSON value of at most 640 bytes
 * @param secret 32 bytes
 * @param purpose `openCursor` needs the same: a cursor is no use for another list or sort
 */
export function sealCursor(position: unknown, secret: Uint8Array, purpose: string): string {
  const json = Buffer.from(JSON.stringify(position));
  if (json.length > maxPositionBytes) throw new RangeError("The position is too long for a cursor");
  const padded = Buffer.alloc(Math.ceil(json.length / blockBytes) * blockBytes, " ");
  json.copy(padded);
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const cipher = nodeCrypto().createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(purpose));
  const sealed = [nonce, cipher.update(padded), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString("base64url");
}

/** Whether a text can be a cursor, judged by its length and characters alone. */
export function isCursorShaped(text: string): boolean {
  if (text.length > maxCursorLength) return false;
  const bytes = Buffer.from(text, "base64url");
  // Buffer skips characters outside of Base64, so only the spelling that sealCursor() made is accepted.
  return bytes.length > nonceBytes + tagBytes && bytes.toString("base64url") === text;
}

/** The position in a cursor; undefined for every text that `sealCursor` did not make for the purpose. */
export function openCursor(text: string, secret: Uint8Array, purpose: string): unknown {
  if (!isCursorShaped(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  const tag = bytes.subarray(-tagBytes);
  const decipher = nodeCrypto().createDecipheriv(algorithm, secret, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(tag);
  const padded = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
  try {
    decipher.final();
  } catch {
    return undefined; // the tag does not match
  }
  return JSON.parse(padded.toString());
}
