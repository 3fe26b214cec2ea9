// Authorization with anything in it: no value is an error of the service, and none lets a client in but a
// token that the issuer has signed, with claims that hold.
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fc from "fast-check";
import { CompactSign } from "jose";
import type { RunningService } from "../../testing/running-service.ts";
import { startSample } from "../../testing/sample-service.ts";
import { testAudience, testIssuer, type TestIssuer } from "../../testing/test-issuer.ts";

const numRuns = 300;
const id = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const now = Math.floor(Date.now() / 1000);

let issuer: TestIssuer;
let service: RunningService;
beforeAll(async () => {
  issuer = await testIssuer();
  service = await startSample({ auth: issuer.environment({ AUTH_USER_CLAIM: "user_id" }) });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

/** The status of a request with this field. Rejects if the response is not as documented. */
async function statusOf(authorization: string): Promise<number> {
  return (await service.request(`/notes/${id}`, { headers: { authorization } })).status;
}

const forAll = <T>(values: fc.Arbitrary<T>, check: (value: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(values, check), { numRuns });

/** Characters that a field can have (RFC 9110, 5.5), those of tokens more often. */
const fieldText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'e y J . - _ = , ; \t " B'.split(" "), " "),
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    fc.integer({ min: 0x80, max: 0xff }).map((code) => String.fromCharCode(code)),
  ),
  maxLength: 200,
});

test("A field that is no token is refused", async () => {
  const schemes = fc.constantFrom("", "Bearer ", "bearer  ", "Basic ", "Bearer,", "Bearer\t");
  await forAll(fc.tuple(schemes, fieldText), async ([scheme, text]) => {
    expect([400, 401]).toContain(await statusOf(scheme + text));
  });
});

test("A token that was damaged is refused", async () => {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    removed: fc.integer({ min: 0, max: 40 }),
    added: fc.string({
      unit: fc.constantFrom(..."A Z a z 0 9 - _ . = + /".split(" ")),
      maxLength: 10,
    }),
  });
  const good = await issuer.token({ scope: "notes:read" });
  expect(await statusOf(`Bearer ${good}`)).toBe(200);
  await forAll(damage, async ({ at, removed, added }) => {
    const start = Math.floor(at * good.length);
    const damaged = good.slice(0, start) + added + good.slice(start + removed);
    expect(await statusOf(`Bearer ${damaged}`)).toBe(damaged === good ? 200 : 401);
  });
});

test("A text that the issuer has signed, and that has no claims, is refused", async () => {
  const bytes = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }),
    fc.integer({ min: 1, max: 3000 }).map((depth) => Buffer.from("[".repeat(depth))),
  );
  const { algorithm: alg, id: kid, privateKey } = issuer.key();
  await forAll(bytes, async (payload) => {
    const token = new CompactSign(payload).setProtectedHeader({ alg, kid });
    expect(await statusOf(`Bearer ${await token.sign(privateKey)}`)).toBe(401);
  });
});

/** Mostly one of these values, and sometimes any. */
const mostly = (...values: unknown[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...values) }, fc.jsonValue());

test("A token that the issuer has signed is accepted if all its claims hold", async () => {
  const claims = fc.record(
    {
      iss: mostly(issuer.issuer),
      aud: mostly(testAudience, [testAudience, "other"]),
      sub: mostly("tester"),
      exp: mostly(now + 3600, now + 3600.5),
      scope: mostly("notes:read", "openid notes:read", ["notes:read"]),
      nbf: fc.option(mostly(now - 5), { nil: undefined }),
      iat: fc.option(mostly(now), { nil: undefined }),
      user_id: fc.option(mostly(id), { nil: undefined }),
      client_id: fc.option(fc.jsonValue(), { nil: undefined }),
      azp: fc.option(fc.jsonValue(), { nil: undefined }),
    },
    { requiredKeys: ["iss", "aud", "sub", "scope"] },
  );
  const header = fc.dictionary(
    fc.constantFrom("jku", "x5u", "x5c", "jwk", "typ", "cty"),
    fc.jsonValue(),
  );
  let accepted = 0;
  await forAll(fc.tuple(claims, header), async ([sent, further]) => {
    const token = await issuer.token({ exp: undefined, ...sent }, further);
    // What arrives is JSON, in which -0 is 0.
    const { iss, aud, sub, exp, nbf, iat, user_id, scope } = JSON.parse(
      Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
    ) as Record<string, unknown>;
    const holds =
      iss === issuer.issuer &&
      [aud].flat().includes(testAudience) &&
      typeof sub === "string" &&
      sub !== "" &&
      typeof exp === "number" &&
      exp > now &&
      (nbf === undefined || (typeof nbf === "number" && nbf <= now)) &&
      (iat === undefined || typeof iat === "number") &&
      (user_id === undefined || user_id === id);
    const isAllowed = [scope]
      .flat()
      .some((text) => typeof text === "string" && text.split(" ").includes("notes:read"));
    const status = await statusOf(`Bearer ${token}`);
    if (token.length > 8192) expect(status).toBe(401);
    else expect(status).toBe(holds ? (isAllowed ? 200 : 403) : 401);
    if (status === 200) accepted += 1;
  });
  expect(accepted).toBeGreaterThan(numRuns / 10);
});
