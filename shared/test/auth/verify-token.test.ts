import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { clientCaller, serviceCaller } from "../../src/auth/caller-claims.ts";
import { issuerKeys } from "../../src/auth/issuer-keys.ts";
import { keySource } from "../../src/auth/key-source.ts";
import { verifyToken, type TokenError } from "../../src/auth/verify-token.ts";
import { issuerKey, testAudience, testIssuer, type TestIssuer } from "../../testing/test-issuer.ts";

type Members = Readonly<Record<string, unknown>>;

const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = (issuer: TestIssuer) => ({
  iss: issuer.issuer,
  aud: testAudience,
  sub: "tester",
  exp: now() + 3600,
});

/** The same token with other last characters, of which only the first two bits belong to the signature. */
function otherSpellings(token: string): string[] {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(token.slice(-1));
  return Array.from(alphabet.slice(last + 1, last + 16), (letter) => token.slice(0, -1) + letter);
}

/** Verifies tokens of one issuer, and of a second one for the tokens of a service. */
async function startVerifier({
  userClaim,
  algorithm,
}: { userClaim?: string; algorithm?: string } = {}) {
  const issuer = await testIssuer(algorithm === undefined ? {} : { algorithm });
  const platform = await testIssuer({ issuer: "https://platform.test" });
  const clock = { ms: Date.now() };
  const trust = async (from: TestIssuer, toCaller: ReturnType<typeof clientCaller>) => {
    const keys = issuerKeys({
      source: keySource(from.jwks),
      changed: () => undefined,
      failed: () => undefined,
      recovered: () => undefined,
    });
    await keys.job.run(new AbortController().signal);
    return { issuer: from.issuer, keys, toCaller };
  };
  const issuers = [
    await trust(issuer, clientCaller(userClaim)),
    await trust(platform, serviceCaller("order-service", ["users:read"])),
  ];
  const verify = (token: string) =>
    verifyToken(token, { issuers, audience: testAudience, unixMs: clock.ms });
  return {
    issuer,
    platform,
    clock,
    verify,
    /** The caller of a token that is accepted. */
    async callerOf(token: string) {
      const verified = await verify(token);
      if (typeof verified === "string") throw new Error(`Refused as ${verified}`);
      return verified.caller;
    },
    async [Symbol.asyncDispose]() {
      await issuer[Symbol.asyncDispose]();
      await platform[Symbol.asyncDispose]();
    },
  };
}

describe("verifyToken() accepts", () => {
  test.each(["RS256", "PS256", "ES256", "EdDSA"])("a token signed with %s", async (algorithm) => {
    await using verifier = await startVerifier({ algorithm });
    const token = await verifier.issuer.token({ scope: "users:read" });
    expect(await verifier.callerOf(token)).toEqual({
      identity: '["https://issuer.test","tester"]',
      clientName: undefined,
      clientNameJson: undefined,
      scopes: new Set(["users:read"]),
      userId: undefined,
    });
  });

  test("an audience in a list, and a token without a key id where one key fits", async () => {
    await using verifier = await startVerifier();
    const { issuer } = verifier;
    await verifier.callerOf(await issuer.token({ aud: ["other", testAudience] }));
    await verifier.callerOf(await issuer.token({}, { kid: undefined }));
  });

  test("clocks that differ by less than 30 s", async () => {
    await using verifier = await startVerifier();
    const { clock, issuer } = verifier;
    const exp = now() + 100;
    const token = await issuer.token({ nbf: now(), exp });
    expect(await verifier.verify(token)).toHaveProperty("validUntil", (exp + 30) * 1000);
    clock.ms = (now() - 30) * 1000;
    await verifier.callerOf(token);
    clock.ms = (exp + 29) * 1000;
    await verifier.callerOf(token);
    clock.ms = (exp + 30) * 1000;
    expect(await verifier.verify(token)).toBe("expired");
  });
});

describe("verifyToken() refuses", () => {
  test.each<[string, TokenError, Members, Members]>([
    ["an expired token", "expired", { exp: now() - 31 }, {}],
    ["a token of the future", "not-yet-valid", { nbf: now() + 40 }, {}],
    ["another audience", "wrong-audience", { aud: "other" }, {}],
    ["another audience in a list", "wrong-audience", { aud: ["other", 1] }, {}],
    ["no audience", "wrong-audience", { aud: undefined }, {}],
    ["another issuer", "wrong-issuer", { iss: "https://other.test" }, {}],
    ["no issuer", "wrong-issuer", { iss: undefined }, {}],
    ["a list of issuers", "wrong-issuer", { iss: ["https://issuer.test"] }, {}],
    ["no expiry", "malformed", { exp: undefined }, {}],
    ["an expiry in words", "malformed", { exp: "tomorrow" }, {}],
    ["a start in words", "malformed", { nbf: "today" }, {}],
    ["no subject", "malformed", { sub: undefined }, {}],
    ["an empty subject", "malformed", { sub: "" }, {}],
    ["a subject that is a number", "malformed", { sub: 7 }, {}],
    ["an unknown key", "unknown-key", {}, { kid: "other" }],
    ["a path as key id", "unknown-key", {}, { kid: "../../../../dev/null" }],
    ["SQL as key id", "unknown-key", {}, { kid: "' OR 1=1 --" }],
  ])("%s", async (_, outcome, claims, header) => {
    await using verifier = await startVerifier();
    expect(await verifier.verify(await verifier.issuer.token(claims, header))).toBe(outcome);
  });

  test("a key id that is no text", async () => {
    await using verifier = await startVerifier();
    const [, payload = "", signature = ""] = (await verifier.issuer.token()).split(".");
    for (const kid of [1, null, ["a"], {}]) {
      const header = encode({ alg: "ES256", kid });
      expect(await verifier.verify(`${header}.${payload}.${signature}`)).toBe("malformed");
    }
  });

  test("a key that the token itself names or brings along", async () => {
    await using verifier = await startVerifier();
    const { issuer } = verifier;
    await using forger = await testIssuer();
    for (const header of [
      { jwk: forger.key().published },
      { jku: forger.jwks },
      { x5u: "https://forger.test/cert.pem" },
      { x5c: ["MIIB"] },
    ]) {
      const kid = issuer.key().id;
      const forged = await forger.token({}, { ...header, kid });
      expect(await verifier.verify(forged)).toBe("bad-signature");
      expect(await verifier.verify(await forger.token({}, header))).toBe("unknown-key");
    }
  });

  test("a token without a signature, or signed with a published key as a secret", async () => {
    await using verifier = await startVerifier({ algorithm: "RS256" });
    const { issuer } = verifier;
    const payload = encode(claims(issuer));
    const { id, published } = issuer.key();
    for (const alg of ["none", "None", "nOnE", ""]) {
      const header = encode({ alg, kid: id });
      expect(await verifier.verify(`${header}.${payload}.`)).toBe("bad-algorithm");
    }
    const signed = `${encode({ alg: "HS256", kid: id })}.${payload}`;
    for (const secret of [JSON.stringify(published), published.n ?? ""]) {
      const signature = createHmac("sha256", secret).update(signed).digest("base64url");
      expect(await verifier.verify(`${signed}.${signature}`)).toBe("bad-algorithm");
    }
  });

  test("an algorithm that the key is not for, and one that is not accepted", async () => {
    await using verifier = await startVerifier({ algorithm: "RS256" });
    const { issuer } = verifier;
    const [header = "", payload = "", signature = ""] = (await issuer.token()).split(".");
    const as = (alg: string) => encode({ alg, kid: issuer.key().id });
    expect(await verifier.verify(`${as("PS256")}.${payload}.${signature}`)).toBe("bad-algorithm");
    expect(await verifier.verify(`${as("ES256")}.${payload}.${signature}`)).toBe("bad-algorithm");
    expect(await verifier.verify(`${as("RS384")}.${payload}.${signature}`)).toBe("bad-algorithm");
    expect(await verifier.verify(`${header}.${payload}.${signature}`)).toBeObject();
  });

  test("extensions that it does not understand", async () => {
    await using verifier = await startVerifier();
    const [, payload = "", signature = ""] = (await verifier.issuer.token()).split(".");
    for (const crit of [["exp"], ["b64"], []]) {
      const header = encode({ alg: "ES256", kid: verifier.issuer.key().id, crit, b64: true });
      expect(await verifier.verify(`${header}.${payload}.${signature}`)).toBe("malformed");
    }
  });

  test("a signature of another key, of other claims, and none", async () => {
    await using verifier = await startVerifier();
    const { issuer } = verifier;
    const token = await issuer.token();
    const [header = "", , signature = ""] = token.split(".");
    const other = encode({ ...claims(issuer), scope: "users:write" });
    expect(await verifier.verify(`${header}.${other}.${signature}`)).toBe("bad-signature");
    expect(await verifier.verify(token.replace(/[^.]*$/, ""))).toBe("bad-signature");
    const { id } = await issuer.rotate();
    expect(await verifier.verify(await issuer.token({}, { kid: id }))).toBe("bad-signature");
  });

  test("what is no signed token", async () => {
    await using verifier = await startVerifier();
    const { issuer } = verifier;
    const token = await issuer.token();
    const [header = ""] = token.split(".");
    const huge = await issuer.token({ filler: "x".repeat(8192) });
    const deep: unknown = JSON.parse("[".repeat(501) + "]".repeat(501));
    for (const text of [
      "",
      ".",
      "..",
      "abc",
      "a.b.c",
      `${token}.`,
      `${token}.a.b`,
      `${header}..`,
      `${encode([])}.${encode({})}.`,
      `${header}.${encode([])}.c`,
      `${header}.${encode("claims")}.c`,
      "é.é.é",
      // RFC 7515, 2: Base64url without padding, white space or other characters.
      `${token}==`,
      token.replace(/(.)$/, "\t$1"),
      token.replace(/(.)$/, "\n$1"),
      // The same signature: the bits in which the last characters differ stand for nothing.
      ...otherSpellings(token),
      huge,
      await issuer.token({ deep }),
      await issuer.token({}, { deep }),
    ]) {
      expect(await verifier.verify(text)).toBe("malformed");
    }
  });

  test("a token without a key id where several keys fit", async () => {
    await using verifier = await startVerifier();
    const { issuer } = verifier;
    await issuer.publish([issuer.key().published, (await issuerKey("ES256")).published]);
    const keys = issuerKeys({
      source: keySource(issuer.jwks),
      changed: () => undefined,
      failed: () => undefined,
      recovered: () => undefined,
    });
    const trusted = { issuer: issuer.issuer, keys, toCaller: clientCaller(undefined) };
    const options = { issuers: [trusted], audience: testAudience, unixMs: Date.now() };
    expect(await verifyToken(await issuer.token({}, { kid: undefined }), options)).toBe(
      "unknown-key",
    );
    expect(await verifyToken(await issuer.token(), options)).toBeObject();
  });
});

describe("verifyToken() of two issuers", () => {
  test("takes the keys of the issuer that the token names, and no other", async () => {
    await using verifier = await startVerifier();
    const { issuer, platform } = verifier;
    const forged = await platform.token({ iss: issuer.issuer, scope: "users:write" });
    expect(await verifier.verify(forged)).toBe("unknown-key");
    const claimed = await issuer.token({ iss: platform.issuer, sub: "order-service" });
    expect(await verifier.verify(claimed)).toBe("unknown-key");
  });

  test("gives the token of a service its scopes and nothing else, whatever it says", async () => {
    await using verifier = await startVerifier({ userClaim: "sub" });
    const token = await verifier.platform.token({
      sub: "order-service",
      scope: "users:write orders:read",
      azp: "orders",
    });
    expect(await verifier.callerOf(token)).toEqual({
      identity: '["https://platform.test","order-service"]',
      clientName: "orders",
      clientNameJson: '"orders"',
      scopes: new Set(["users:read"]),
      userId: undefined,
    });
  });

  test("refuses a service with another subject", async () => {
    await using verifier = await startVerifier();
    const { platform } = verifier;
    for (const sub of ["order-service2", "ORDER-SERVICE", "user-service"]) {
      expect(await verifier.verify(await platform.token({ sub }))).toBe("wrong-subject");
    }
  });
});

describe("clientCaller()", () => {
  const userId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
  const read = (claims: object, userClaim?: string) =>
    clientCaller(userClaim)({ iss: "i", sub: "s", ...claims });

  test.each<[object, string[]]>([
    [{ scope: "a b" }, ["a", "b"]],
    [{ scope: " a  b " }, ["a", "b"]],
    [{ scope: ["a", "b"] }, ["a", "b"]],
    [{ scp: "a b" }, ["a", "b"]],
    [{ scp: ["a", "b"] }, ["a", "b"]],
    [{ scope: { a: true } }, []],
    [{ scope: [1, null, ["a"]] }, []],
    [{}, []],
  ])("reads the scopes of %j", (claims, scopes) => {
    expect(read(claims)).toMatchObject({ scopes: new Set(scopes) });
  });

  test.each<[object, string | undefined]>([
    [{ client_id: "web", azp: "other" }, "web"],
    [{ azp: "web" }, "web"],
    [{ client_id: 7, azp: "web" }, "web"],
    [{ client_id: "x".repeat(200) }, "x".repeat(100)],
    [{ name: "Alice", email: "alice@example.com" }, undefined],
  ])("names the client of %j for the log", (claims, clientName) => {
    expect(read(claims)).toMatchObject({ clientName });
  });

  test("takes a caller with the claim for a person", () => {
    expect(read({ user_id: userId.toUpperCase() }, "user_id")).toMatchObject({ userId });
    expect(read({}, "user_id")).toMatchObject({ userId: undefined });
    expect(read({ user_id: userId })).toMatchObject({ userId: undefined });
    expect(read({ sub: userId }, "sub")).toMatchObject({ userId });
  });

  test("refuses a person whose id is no UUID, and makes no program of it", () => {
    const texts = ["", "alice", `${userId} `, `urn:uuid:${userId}`];
    for (const user_id of [...texts, null, undefined, 7, true, {}, [userId]]) {
      expect(read({ user_id }, "user_id")).toBe("malformed");
    }
  });

  test("tells the subjects of issuers apart", () => {
    const identities = [
      { iss: "a", sub: "b,c" },
      { iss: "a,b", sub: "c" },
      { iss: 'a","b', sub: "c" },
    ].map((claims) => read(claims));
    expect(new Set(identities.map((one) => typeof one === "object" && one.identity)).size).toBe(3);
  });
});
