import { describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, generateSecret, type JWK } from "jose";
import { parseKeySet } from "../../src/auth/key-set.ts";
import { issuerKey } from "../../testing/test-issuer.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const parse = (...keys: unknown[]) => parseKeySet(bytesOf({ keys }));
const { published: good, privateKey } = await issuerKey("ES256");

/** The ids of the keys that are used beside a good one. */
async function used(key: JWK): Promise<string[]> {
  const { keyIds } = await parse({ ...key, kid: "this" }, good);
  return [...keyIds].filter((id) => id !== good.kid);
}

describe("parseKeySet()", () => {
  test.each(["RS256", "PS256", "ES256", "EdDSA"])("uses a key for %s", async (algorithm) => {
    expect(await used((await issuerKey(algorithm)).published)).toEqual(["this"]);
  });

  test("uses a key that does not say its use, its operations or its algorithm", async () => {
    const { use: _use, alg: _alg, ...bare } = good;
    expect(await used(bare)).toEqual(["this"]);
    expect(await used({ ...bare, key_ops: ["verify"] })).toEqual(["this"]);
  });

  test("leaves out a key that is not for signatures", async () => {
    const { use: _use, ...bare } = good;
    expect(await used({ ...bare, use: "enc" })).toEqual([]);
    expect(await used({ ...bare, key_ops: ["deriveBits"] })).toEqual([]);
  });

  test.each(["ES384", "RS512"])("leaves out a key for %s", async (algorithm) => {
    expect(await used((await issuerKey(algorithm)).published)).toEqual([]);
  });

  test("leaves out an RSA key of less than 2048 bits, which is not secure", async () => {
    const { publicKey } = await crypto.subtle.generateKey(
      {
        name: "RSASSA-PKCS1-v1_5",
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: "SHA-256",
      },
      true,
      ["sign", "verify"],
    );
    const { alg: _alg, ...short } = await exportJWK(publicKey);
    expect(await used(short)).toEqual([]);
    const { n = "" } = short;
    expect(await used({ ...short, n: `AAAA${"A".repeat(400)}${n}` })).toEqual([]);
  });

  test("leaves out private and symmetric keys, with which readers of the set could sign", async () => {
    const { publicKey: _publicKey, ...pair } = await generateKeyPair("ES256", {
      extractable: true,
    });
    expect(await used(await exportJWK(pair.privateKey))).toEqual([]);
    expect(await used(await exportJWK(privateKey))).toEqual([]);
    const secret = await generateSecret("HS256", { extractable: true });
    expect(await used(await exportJWK(secret))).toEqual([]);
  });

  test("leaves out what is no key", async () => {
    const broken = [{ kty: "EC" }, { kty: "EC", crv: "P-256", x: "AA", y: "AA" }];
    for (const key of [null, 1, "key", [], {}, ...broken]) {
      expect([...(await parse(key, good)).keyIds]).toEqual([good.kid ?? ""]);
    }
  });

  const sets = {
    nothing: Buffer.from(""),
    "a page": Buffer.from("<html>"),
    "no UTF-8": Buffer.from([0xff, 0xfe]),
    "a deep array": Buffer.from("[".repeat(1_000_000)),
    null: bytesOf(null),
    "an array": bytesOf([]),
    "an object": bytesOf({}),
    "keys in an object": bytesOf({ keys: {} }),
    "no key": bytesOf({ keys: [] }),
    "more keys than any issuer has": bytesOf({ keys: Array.from({ length: 257 }, () => good) }),
    "a key for encryption": bytesOf({ keys: [{ ...good, use: "enc" }] }),
  };
  test.each(Object.entries(sets))("refuses %s, so that the old set stays", async (_, bytes) => {
    expect((await rejectionOf(parseKeySet(bytes))).name).toBe("KeySetError");
  });

  test("takes a set for the same in whatever order its keys and their members are", async () => {
    const { published: other } = await issuerKey("RS256");
    const reversed = Object.fromEntries(Object.entries(other).toReversed());
    const { fingerprint } = await parse(good, other);
    expect((await parse(reversed, good)).fingerprint).toBe(fingerprint);
  });

  test("takes a set for the same whatever is beside its keys", async () => {
    const set = await parse(good);
    const same = await parseKeySet(
      bytesOf({ comment: "new", keys: [{ ...good, x5u: "https://a" }] }),
    );
    expect(same.fingerprint).toBe(set.fingerprint);
    const { published: other } = await issuerKey("ES256");
    expect((await parse(good, other)).fingerprint).not.toBe(set.fingerprint);
  });
});
