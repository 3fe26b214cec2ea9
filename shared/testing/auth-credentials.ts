// What a client can put into Authorization, and what a service has to say to it.
import { createHmac } from "node:crypto";
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from "jose";
import type { AuthOutcome } from "../src/core/caller.ts";
import { issuerKey, testAudience, type TestIssuer } from "./test-issuer.ts";

/** A refusal. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly outcome: AuthOutcome;
  /** What follows the realm in WWW-Authenticate. */
  readonly challenge: string;
}

/**
 * What a service makes of a credential: a program, the person whose own the resource is, another person,
 * another service of the platform, a program without any scope, one with every scope but the one that it
 * needs, or a refusal.
 */
export type Standing =
  | "program"
  | "owner"
  | "stranger"
  | "service"
  | "no-scope"
  | "other-scopes"
  | Refused;

/** What the tokens of a test are made with. */
export interface CredentialKit {
  readonly issuer: TestIssuer;
  /** The issuer of other services of the platform. */
  readonly platform: TestIssuer;
  /** An address that no service may ask: the keys there are an attacker's. */
  readonly trap: string;
  /** The scopes of all operations but the one that is requested. */
  readonly otherScopes: string;
  /** The scopes of all operations. */
  readonly allScopes: string;
  /** The user whose own the requested resource is. */
  readonly owner: string;
}

/** `sub` of the service that has tokens of its own. */
export const serviceSubject = "system:serviceaccount:shop:caller";

const invalid = (outcome: AuthOutcome, description: string): Refused => ({
  status: 401,
  code: "invalid-token",
  outcome,
  challenge: `, error="invalid_token", error_description="${description}"`,
});

const malformed = invalid("malformed", "The token is no signed JWT with the claims that it needs");
const badSignature = invalid("bad-signature", "The signature of the token does not fit");
const unknownKey = invalid("unknown-key", "The issuer has no such key");
/** The refusal of tokens whose issuer the service does not know. */
export const wrongIssuer = invalid("wrong-issuer", "The token is from another issuer");
const badAlgorithm = invalid(
  "bad-algorithm",
  "The token is signed with an algorithm that is not accepted",
);
const missing: Refused = {
  status: 401,
  code: "unauthenticated",
  outcome: "missing",
  challenge: "",
};
const invalidRequest: Refused = {
  status: 400,
  code: "invalid-request",
  outcome: "malformed",
  challenge: ', error="invalid_request"',
};

const secondsNow = () => Math.floor(Date.now() / 1000);
const stranger = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";

/** The claims of a good token, for those that are not signed by its issuer. */
const claims = ({ issuer, allScopes }: CredentialKit) => ({
  iss: issuer.issuer,
  aud: testAudience,
  sub: "tester",
  exp: secondsNow() + 3600,
  scope: allScopes,
});

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token whose HMAC has a secret that everybody knows. */
function hmacToken(kit: CredentialKit, secret: string): string {
  const text = `${base64url({ alg: "HS256", kid: kit.issuer.key().id })}.${base64url(claims(kit))}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

async function publicPem({ issuer }: CredentialKit): Promise<string> {
  const key = await importJWK(issuer.key().published, issuer.key().algorithm, {
    extractable: true,
  });
  if (key instanceof Uint8Array) throw new Error("The key of the issuer is no public key");
  return exportSPKI(key);
}

/** A token that an attacker has signed. @param header made of the attacker's key */
async function forged(kit: CredentialKit, header: (key: object, id: string) => object) {
  const key = await issuerKey("ES256");
  return new SignJWT(claims(kit))
    .setProtectedHeader({ alg: "ES256", ...header(key.published, key.id) })
    .sign(key.privateKey);
}

/** A good token but for these claims and this part of its header. */
const signed =
  (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  ({ issuer, allScopes: scope }: CredentialKit) =>
    issuer.token({ scope, ...claims }, header);

/** A good token whose claims were changed afterwards. */
async function changed({ issuer, allScopes }: CredentialKit): Promise<string> {
  const [header = "", , signature = ""] = (await issuer.token({ scope: "none" })).split(".");
  const better = (await issuer.token({ scope: allScopes })).split(".")[1] ?? "";
  return [header, better, signature].join(".");
}

/** A row of the matrix: what is sent, as a token or as the whole field, and the client's standing. */
export interface Credential {
  readonly name: string;
  readonly standing: Standing;
  /** Undefined: no field is sent. */
  field(kit: CredentialKit): Promise<string | undefined>;
}

const row = (
  name: string,
  standing: Standing,
  token: (kit: CredentialKit) => string | Promise<string>,
): Credential => ({ name, standing, field: async (kit) => `Bearer ${await token(kit)}` });

/** Many ways to ask for access, right and wrong. */
export const credentials: readonly Credential[] = [
  { name: "no token", standing: missing, field: () => Promise.resolve(undefined) },
  row("a program's token", "program", signed()),
  row("a token whose scopes are in a list", "program", ({ issuer, allScopes }) =>
    issuer.token({ scp: allScopes.split(" ") }),
  ),
  row("the owner's token", "owner", (kit) => signed({ user_id: kit.owner })(kit)),
  row("another person's token", "stranger", signed({ user_id: stranger })),
  row("a token without the scope", "other-scopes", ({ issuer, otherScopes: scope }) =>
    issuer.token({ scope }),
  ),
  row("a token with a scope in capitals", "no-scope", ({ issuer, allScopes }) =>
    issuer.token({ scope: allScopes.toUpperCase() }),
  ),
  row("a service's token", "service", ({ platform, allScopes: scope }) =>
    platform.token({ sub: serviceSubject, scope }),
  ),

  row("an expired token", invalid("expired", "The token has expired"), (kit) =>
    signed({ exp: secondsNow() - 31 })(kit),
  ),
  row("a token of tomorrow", invalid("not-yet-valid", "The token is not valid yet"), (kit) =>
    signed({ nbf: secondsNow() + 86_400, exp: secondsNow() + 90_000 })(kit),
  ),
  row(
    "a token for another audience",
    invalid("wrong-audience", "The token is for another audience"),
    signed({ aud: ["other-service"] }),
  ),
  row("a token of another issuer", wrongIssuer, signed({ iss: "https://other.test" })),
  row("a token of the issuer with a slash", wrongIssuer, (kit) =>
    signed({ iss: `${kit.issuer.issuer}/` })(kit),
  ),
  row("a token without an issuer", wrongIssuer, signed({ iss: undefined })),
  row("a token without an end", malformed, signed({ exp: undefined })),
  row("a token without a subject", malformed, signed({ sub: undefined })),
  row("a person without an id", malformed, signed({ user_id: null })),
  row("a person with another kind of id", malformed, signed({ user_id: "alice" })),

  row("alg none", badAlgorithm, (kit) => new UnsecuredJWT(claims(kit)).encode()),
  row("HS256 with the public key as PEM", badAlgorithm, async (kit) =>
    hmacToken(kit, await publicPem(kit)),
  ),
  row("HS256 with the public key as JSON", badAlgorithm, (kit) =>
    hmacToken(kit, JSON.stringify(kit.issuer.key().published)),
  ),
  row("a token whose claims were changed", badSignature, changed),
  row("another key under the name of a known one", badSignature, (kit) =>
    forged(kit, () => ({ kid: kit.issuer.key().id })),
  ),
  row("another key without a name", badSignature, (kit) => forged(kit, () => ({}))),
  row("a key inside the token", badSignature, (kit) =>
    forged(kit, (jwk) => ({ kid: kit.issuer.key().id, jwk })),
  ),
  row("the address of other keys", badSignature, (kit) =>
    forged(kit, () => ({ kid: kit.issuer.key().id, jku: kit.trap, x5u: kit.trap })),
  ),
  row("a new key at another address", unknownKey, (kit) =>
    forged(kit, (jwk, kid) => ({ kid, jku: kit.trap, x5u: kit.trap, jwk })),
  ),
  row("an unknown key", unknownKey, signed({}, { kid: "unknown" })),
  row("a key id that is a path", unknownKey, signed({}, { kid: "../../../../dev/null" })),
  row("a key id that is SQL", unknownKey, signed({}, { kid: "x' UNION SELECT 'key' --" })),
  row("a key id that every object has", unknownKey, signed({}, { kid: "__proto__" })),
  row("a key id that is no text", malformed, signed({}, { kid: ["a"] })),
  row("an extension that must be understood", malformed, (kit) =>
    forged(kit, (_, kid) => ({ kid, crit: ["b64"], b64: true })),
  ),
  row("a good token with addresses in its header", "program", (kit) =>
    signed({}, { jku: kit.trap, x5u: kit.trap })(kit),
  ),
  row("a token of more than 8 KiB", malformed, signed({ noise: "x".repeat(8192) })),
  row("a word", malformed, () => "password"),

  {
    name: "another scheme",
    standing: invalidRequest,
    field: () => Promise.resolve("Basic YWRtaW46YWRtaW4="),
  },
  {
    name: "a token without a scheme",
    standing: invalidRequest,
    field: (kit) => Promise.resolve(signed()(kit)),
  },
  {
    name: "two fields",
    standing: invalidRequest,
    async field(kit) {
      const token = await signed()(kit);
      return `Bearer ${token}, Bearer ${token}`;
    },
  },
];
