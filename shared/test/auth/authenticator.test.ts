import { expect, test } from "bun:test";
import { authenticator } from "../../src/auth/authenticator.ts";
import { clientCaller } from "../../src/auth/caller-claims.ts";
import { issuerKeys } from "../../src/auth/issuer-keys.ts";
import { keySource } from "../../src/auth/key-source.ts";
import { tokenCache } from "../../src/auth/token-cache.ts";
import { openContext } from "../../src/telemetry/request-context.ts";
import { testAudience, testIssuer } from "../../testing/test-issuer.ts";

test("A caller takes one place among the verified tokens, however it spells the scheme", async () => {
  await using issuer = await testIssuer();
  const keys = issuerKeys({
    source: keySource(issuer.jwks),
    changed: () => undefined,
    failed: () => undefined,
    recovered: () => undefined,
  });
  await keys.job.run(new AbortController().signal);
  const { authenticate } = authenticator({
    issuers: [{ issuer: issuer.issuer, keys, toCaller: clientCaller(undefined) }],
    audience: testAudience,
    cache: tokenCache({ maxTokens: 2 }),
  });
  const arrival = openContext(new Request("http://sample/notes"));
  const others = `Bearer ${await issuer.token({ sub: "other" })}`;
  const caller = await authenticate(others, arrival);
  const token = await issuer.token();
  for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  ", "bEARER"]) {
    expect(await authenticate(`${scheme} ${token}`, arrival)).toMatchObject({ scopes: new Set() });
  }
  expect(authenticate(others, arrival)).toBe(caller);
  expect(authenticate(`BEARER   ${token}`, arrival)).not.toBeInstanceOf(Promise);
});
