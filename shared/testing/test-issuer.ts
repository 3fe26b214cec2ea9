// An issuer of tokens for tests: it signs whatever a test asks for, and publishes its keys in a file.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { temporaryFolder } from "./temporary-folder.ts";

/** What tokens of a {@link TestIssuer} are for, unless a test says otherwise. */
export const testAudience = "tests";

/** A key pair of an issuer. */
interface IssuerKey {
  readonly id: string;
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  readonly published: JWK;
}

/** What a test puts into a token, right or wrong. */
type Members = Readonly<Record<string, unknown>>;

/** An issuer of tokens. Its file is deleted with its scope. */
export interface TestIssuer extends AsyncDisposable {
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** The URL of the file with its keys. */
  readonly jwks: string;
  /** The variables of a service that trusts it. @param further variables, which go first */
  environment(further?: Readonly<Record<string, string>>): Record<string, string>;
  /**
   * A token that is valid for an hour.
   *
   * @param claims in addition; undefined takes a claim out
   * @param header in addition; undefined takes a member out
   */
  token(claims?: Members, header?: Members): Promise<string>;
  /** Signs with a new key from now on. Publish it to make it known. @returns the key before */
  rotate(algorithm?: string): Promise<IssuerKey>;
  /** Writes the file anew. @param keys default: the key that signs */
  publish(keys?: readonly JWK[]): Promise<void>;
  /** The key that signs. */
  key(): IssuerKey;
}

/** Makes a key pair for an algorithm such as `ES256`. */
export async function issuerKey(algorithm: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const id = crypto.randomUUID();
  const published = { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: "sig" };
  return { id, algorithm, privateKey, published };
}

/** The header field with a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

const secondsNow = () => Math.floor(Date.now() / 1000);

/** Makes an issuer whose key is published. */
export async function testIssuer({
  issuer = "https://issuer.test",
  algorithm = "ES256",
}: { readonly issuer?: string; readonly algorithm?: string } = {}): Promise<TestIssuer> {
  const folder = temporaryFolder();
  const file = join(folder.path, "jwks.json");
  let key = await issuerKey(algorithm);
  const jwks = pathToFileURL(file).href;

  const made: TestIssuer = {
    issuer,
    jwks,
    environment: (further = {}) => ({
      AUTH_ISSUER: issuer,
      AUTH_JWKS: jwks,
      AUTH_AUDIENCE: testAudience,
      ...further,
    }),
    token(claims = {}, header = {}) {
      const usual = { iss: issuer, aud: testAudience, sub: "tester", exp: secondsNow() + 3600 };
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg: key.algorithm, kid: key.id, ...header })
        .sign(key.privateKey);
    },
    async rotate(next = algorithm) {
      const old = key;
      key = await issuerKey(next);
      return old;
    },
    async publish(keys = [key.published]) {
      await Bun.write(file, JSON.stringify({ keys }));
    },
    key: () => key,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  await made.publish();
  return made;
}
