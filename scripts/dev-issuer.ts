// The issuer of tokens for `bun run dev --auth`: a key pair in data/, and no server.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { hasErrno } from "../shared/src/core/errno.ts";
import { errorMessage } from "../shared/src/core/error-message.ts";
import { temporaryName } from "../shared/src/sqlite/durable-file.ts";
import { bunCommand } from "./bun-command.ts";

const folder = resolve(import.meta.dir, "../data/dev-auth");
const privateKeyFile = join(folder, "private-key.json");

/** The file with the issuer's public keys (RFC 7517). */
export const jwksFile = join(folder, "jwks.json");

/** `iss` of the tokens of clients. It is no URL, as a provider's would be. */
export const clientIssuer = "bun-run-dev";

/** `iss` of the tokens that the services send to one another, signed with the same key. */
export const serviceIssuer = "bun-run-dev-services";

/** The claim that makes a token a person's, and has the id of its user. */
export const userClaim = "user_id";

/** How long a token is valid by default: a day's work. */
export const defaultMinutes = 12 * 60;

const algorithm = "ES256";

/** What a token says. */
interface Grant {
  /** Default: {@link clientIssuer}. */
  readonly issuer?: string;
  /** The name of the client, which the services log as `caller`. */
  readonly client: string;
  /** The names of the services that accept the token. */
  readonly audience: readonly string[];
  /** Separated by blanks. */
  readonly scopes: string;
  /** The user whose token it is. Undefined: it is a program's. */
  readonly userId?: string | undefined;
  /** How long it is valid. */
  readonly minutes: number;
}

/** Signs a token. */
export type SignToken = (grant: Grant) => Promise<string>;

const unwritable = (path: string, error: unknown) =>
  new Error(
    `Cannot write ${path}: ${errorMessage(error)}\n` +
      "With --auth the keys and tokens are kept there: this needs the right to write to data/",
    { cause: error },
  );

/** Writes or replaces a file that only this user can read. @returns its path @throws Error with what to do */
export function writePrivateFile(name: string, text: string): string {
  const path = join(folder, name);
  const draft = temporaryName(path);
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    throw unwritable(path, error);
  }
  return path;
}

/** Makes the private key if there is none. @throws Error with what to do */
async function makeKey(): Promise<void> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const text = JSON.stringify(await exportJWK(privateKey));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw unwritable(privateKeyFile, error);
  }
  try {
    // `wx` leaves a key that is there as it is: tokens stay valid when the services start again.
    writeFileSync(privateKeyFile, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!hasErrno(error, "EEXIST")) throw unwritable(privateKeyFile, error);
  }
}

/** Reads the private key. */
async function readKey() {
  const { kty, crv, x, y, d } = JSON.parse(readFileSync(privateKeyFile, "utf8"));
  const publicPart = { kty, crv, x, y };
  const privateKey = await importJWK({ ...publicPart, d }, algorithm);
  const kid = await calculateJwkThumbprint(publicPart);
  return { privateKey, kid, published: { ...publicPart, kid, alg: algorithm, use: "sig" } };
}

function signer({ privateKey, kid }: Awaited<ReturnType<typeof readKey>>): SignToken {
  return ({ issuer = clientIssuer, client, audience, scopes, userId, minutes }) =>
    new SignJWT({
      client_id: client,
      scope: scopes,
      ...(userId === undefined ? {} : { [userClaim]: userId }),
    })
      .setProtectedHeader({ alg: algorithm, kid })
      .setIssuer(issuer)
      .setSubject(userId ?? client)
      .setAudience([...audience])
      .setIssuedAt()
      .setExpirationTime(`${minutes} minutes`)
      .sign(privateKey);
}

const unusable = (error: unknown) =>
  new Error(
    `Cannot use the key in ${privateKeyFile}: ${errorMessage(error)}\n` +
      `If it is of no use, delete it: ${bunCommand()} run dev --auth makes another one`,
    { cause: error },
  );

/** Makes the key pair if there is none, and publishes the public key. @throws Error with what to do */
export async function startIssuer(): Promise<SignToken> {
  await makeKey();
  const key = await readKey().catch((error: unknown) => {
    throw unusable(error);
  });
  writePrivateFile("jwks.json", JSON.stringify({ keys: [key.published] }));
  return signer(key);
}

/** The issuer of an earlier `bun run dev --auth`. @throws Error with what to do */
export async function existingIssuer(): Promise<SignToken> {
  try {
    return signer(await readKey());
  } catch (error) {
    if (!hasErrno(error, "ENOENT", "ENOTDIR")) throw unusable(error);
    const command = `${bunCommand()} run dev --auth`;
    throw new Error(`There is no key yet. Make one by starting: ${command}`, { cause: error });
  }
}
