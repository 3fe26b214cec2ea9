// Tokens stay out of responses, the log, spans and metrics, and so does what they and their provider say.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { startCollector } from "../../shared/testing/collector.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { bearer, testIssuer, type TestIssuer } from "../../shared/testing/test-issuer.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, user } from "../support/platform/fake-user-service.ts";
import { http, respondAndClose } from "../support/upstream-behaviours.ts";
import { leaksInResponse, secret } from "./secret-words.ts";
import { expectNoLeaks, startWatched, type WatchedService } from "./watched-service.ts";

const { path } = processTests();
const json = { "content-type": "application/json" };
const word = secret("token");

/** What nobody but the service may learn of a token. */
const claims = { sub: word, jti: word, email: `${word}@example.com`, [word]: word };

/** Makes tokens full of secrets, and remembers their text. */
function secretTokens(issuer: TestIssuer) {
  const parts = new Set<string>();
  return {
    /** Whatever of a token can be recognized, in a text. */
    partsIn: (text: string) => [...parts].filter((part) => text.includes(part)),
    async make(further: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
      const scope = "users:read users:write orders:read orders:write";
      const token = await issuer.token(
        { ...claims, scope: `${scope} ${word}`, client_id: "shop", ...further },
        { jku: `https://${word}.test`, ...header },
      );
      // A header says who signs and how, which the API tells everybody.
      for (const part of token.split(".").slice(1)) parts.add(part);
      return bearer(token);
    },
  };
}

type SecretTokens = ReturnType<typeof secretTokens>;

/** Sends tokens that are refused, to a list. */
async function askInVain({ ask }: WatchedService, list: string, { make }: SecretTokens) {
  const refused: [number, Record<string, string>][] = [
    [401, bearer(word)],
    [401, bearer(`${word}.${word}.${word}`)],
    [400, { authorization: `Basic ${word}` }],
    [400, { authorization: `${word} ${word}` }],
    [401, await make({ exp: 1 })],
    [401, await make({ nbf: 9_999_999_999 })],
    [401, await make({ iss: word })],
    [401, await make({ aud: word })],
    [401, await make({ user_id: word })],
    [401, await make({}, { kid: word })],
    [401, await make({}, { crit: ["b64"], b64: true })],
    [403, await make({ scope: word })],
    [403, await make({ scope: word, client_id: undefined })],
  ];
  for (const [status, headers] of refused) await ask(status, ["GET", list, headers]);
}

async function expectTokensKept(service: WatchedService, { partsIn }: SecretTokens) {
  const { body } = await service.ask(200, ["GET", "/metrics", bearer(word)]);
  expect([...leaksInResponse(body), ...partsIn(body)]).toEqual([]);
  await expectNoLeaks(service);
  const { stdout } = service.process.printed();
  expect(partsIn(stdout)).toEqual([]);
  expect(stdout).toContain('"caller":"shop"');
}

test("both services keep tokens and their claims out of responses, the log, spans and metrics", async () => {
  const cwd = path();
  await using issuer = await testIssuer();
  await using collector = startCollector();
  await using upstream = await startFakeUpstream(healthy);
  const tokens = secretTokens(issuer);
  const env = {
    ...issuer.environment({ AUTH_USER_CLAIM: "user_id" }),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    USER_SERVICE_URL: upstream.url,
  };
  const program = await tokens.make();
  const person = await tokens.make({ user_id: user.id });

  await using users = await startWatched("user-service", { cwd, env });
  const newUser = JSON.stringify({ name: "Alice", email: "alice@example.com" });
  const made = await users.ask(201, ["POST", "/users", { ...json, ...program }, newUser]);
  const own = made.headers.get("location") ?? "";
  await users.ask(200, ["GET", own, program]);
  await users.ask(404, ["GET", own, person]);
  await users.ask(403, ["POST", "/users", { ...json, ...person }, newUser]);
  await askInVain(users, "/users", tokens);
  using database = new Database(`${cwd}/data/user_service.db`);
  database.run("DROP TABLE users");
  await users.ask(500, ["GET", own, program]);
  await expectTokensKept(users, tokens);

  await using orders = await startWatched("order-service", { cwd, env });
  const order = (id: string) =>
    JSON.stringify({ user_id: id, items: [{ sku: "A", quantity: 1, unit_price: 1 }] });
  const keyed = { ...json, "idempotency-key": "k" };
  await orders.ask(201, ["POST", "/orders", { ...keyed, ...person }, order(user.id)]);
  await orders.ask(201, ["POST", "/orders", { ...keyed, ...program }, order(user.id)]);
  const other = "0196b3d1-4f0e-7c55-9a41-5d1f3c0a7be2";
  await orders.ask(403, ["POST", "/orders", { ...json, ...person }, order(other)]);
  await orders.ask(403, ["GET", `/orders?user_id=${other}`, person]);
  await askInVain(orders, "/orders", tokens);
  await expectTokensKept(orders, tokens);

  const spans = JSON.stringify(collector.spans);
  expect([...leaksInResponse(spans), ...tokens.partsIn(spans)]).toEqual([]);
  expect(collector.spans.length).toBeGreaterThan(0);
});

test("user-service keeps what its provider says, and the query of its address, out of the log", async () => {
  await using issuer = await testIssuer();
  const tokens = secretTokens(issuer);
  const said = secret("upstream");
  for (const behaviour of [
    respondAndClose(`HTTP/1.1 500 ${said}\r\n${said}: ${said}\r\n\r\n${said}`),
    respondAndClose(http("302 Found", said, `location: https://${said}.test/`)),
    respondAndClose(http("200 OK", `{"keys":[{"kty":"${said}","kid":"${said}"}]}`)),
    respondAndClose(http("200 OK", `{"keys": ${said}}`)),
    respondAndClose(`${said}\r\n\r\n`),
  ]) {
    await using provider = await startFakeUpstream(behaviour);
    const jwks = `${provider.url}/keys?key=${secret("query")}`;
    await using users = await startWatched("user-service", {
      cwd: path(),
      env: issuer.environment({ AUTH_JWKS: jwks }),
    });
    await users.ask(503, ["GET", "/users", await tokens.make()]);
    await expectNoLeaks(users);
    const { stdout } = users.process.printed();
    expect(stdout).toContain("cannot read the issuer's keys");
    expect(tokens.partsIn(stdout)).toEqual([]);
  }
});
