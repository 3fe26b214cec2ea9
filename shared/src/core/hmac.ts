// HMAC-SHA-256 (RFC 2104).
import { nodeCrypto } from "./node-crypto.ts";

/**
 * The HMAC of a text.
 *
 * Not by Bun.CryptoHasher: with a key, it fails once after a file of certificates could not be read for a
 * TLS connection, since it takes the error that BoringSSL has kept of that for its own (Bun 1.4.5).
 */
export function hmacSha256(
  secret: Uint8Array,
  text: string,
  encoding: "hex" | "base64url",
): string {
  return nodeCrypto().createHmac("sha256", secret).update(text).digest(encoding);
}
