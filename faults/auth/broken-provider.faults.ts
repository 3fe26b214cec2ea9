// A provider that breaks: every token whose key is known is accepted all the time, and no other. Without
// keys, no token is accepted, and the service says that this is not the fault of the client.
import { gzipSync } from "node:zlib";
import { expect, test } from "bun:test";
import { bearer } from "../../shared/testing/test-issuer.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { peakKiB, resetPeak, residentKiB } from "../support/footprint.ts";
import { repeatTimed } from "../support/load.ts";
import { metricOf } from "../support/metric.ts";
import { startService } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import {
  drip,
  flood,
  http,
  resetConnections,
  respondAndClose,
} from "../support/upstream-behaviours.ts";
import {
  attackerOf,
  keySet,
  startIdentityProvider,
  startUserService,
  statusOf,
  type Attacker,
} from "./identity-provider.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const maxBytes = 50 * 1024 * 1024;
/** One MiB, in KiB. */
const mebibyte = 1024;
const hourMs = 60 * 60 * 1000;

const body = (text: string | Buffer, ...fields: string[]) =>
  respondAndClose(http("200 OK", text, ...fields));

/** The behaviour of a broken provider. @param elsewhere where the attacker's keys are */
type Broken = (attacker: Attacker, elsewhere: string) => Behaviour | Promise<Behaviour>;

const broken: [string, Broken][] = [
  ["hangs", () => ({})],
  ["resets connections", () => resetConnections],
  ["closes connections", () => respondAndClose("")],
  ["speaks no HTTP", () => respondAndClose("220 mail.example.com ESMTP\r\n")],
  ["drips its keys", () => drip(`${ok}content-length: 1000\r\n\r\n`, '{"keys":[')],
  ["responds with other keys and 500", ({ key }) => keySet([key], "500 Internal Server Error")],
  ["responds with other keys and 203", ({ key }) => keySet([key], "203 X")],
  [
    "leads to other keys",
    (_, elsewhere) => respondAndClose(http("302 Found", "", `location: ${elsewhere}`)),
  ],
  ["responds with a page", () => body("<html>Sign in</html>", "content-type: text/html")],
  ["responds with nothing", () => body("")],
  ["responds with a set without keys", () => keySet([])],
  ["responds with keys of no use", async (attacker) => keySet(await attacker.unusableKeys())],
  ["responds with deep JSON", () => body('{"keys":['.repeat(100_000))],
  ["cuts its response", () => respondAndClose(`${ok}content-length: 1000\r\n\r\n{"keys":[`)],
  [
    "responds with other keys and 1 MiB of blanks",
    ({ key }) => body(JSON.stringify({ keys: [key] }) + " ".repeat(1024 * 1024)),
  ],
  ["responds with 50 MB", () => flood(`${ok}content-length: ${maxBytes}\r\n\r\n`, "x", maxBytes)],
  ["responds with 50 MB in its header", () => flood(ok, "x-many: lines\r\n", maxBytes)],
  ["responds without an end", () => flood(`${ok}\r\n`, "x")],
  [
    "responds with 500 MB that are compressed",
    ({ key }) => {
      const text = Buffer.alloc(10 * maxBytes, " ");
      text.write(JSON.stringify({ keys: [key] }));
      return body(gzipSync(text, { level: 1 }), "content-encoding: gzip");
    },
  ],
];

test.concurrent.each(broken)(
  "user-service accepts every token whose key it knows, and no other, while the provider %s",
  async (name, behaviour) => {
    await using provider = await startIdentityProvider();
    await using attacker = await attackerOf(provider);
    await using elsewhere = await startFakeUpstream(keySet([attacker.key]));
    await using users = await startUserService(provider);
    const known = await provider.token();
    for (let n = 0; n < 200; n += 1) expect(await statusOf(users, known)).toBe(200);
    const before = await residentKiB(users.pid);
    await resetPeak(users.pid);

    provider.restart(await behaviour(attacker, elsewhere.url));
    const startedAt = performance.now();
    const sendGood = async (n: number) => {
      const token = n % 2 === 0 ? known : await provider.token();
      expect(await statusOf(users, token)).toBe(200);
    };
    const load = repeatTimed(4, sendGood, 5);
    // One unknown key, for which the service asks the provider, and a known one, for which it does not.
    expect(await statusOf(users, await attacker.token())).toBe(401);
    expect(provider.fetches).toBeGreaterThanOrEqual(1);
    const forged = await attacker.token({ kid: provider.issuer.key().id });
    expect(await statusOf(users, forged)).toBe(401);
    await load.stop();
    // One for the unknown key, and one at each look, every 5 s.
    const seconds = (performance.now() - startedAt) / 1000;
    expect(provider.fetches).toBeLessThanOrEqual(2 + seconds / 5);
    expect(elsewhere.calls).toBe(0);
    const raisedBy = (await peakKiB(users.pid)) - before;
    console.log(`${name}: peak raised by ${raisedBy} KiB`);
    expect(raisedBy).toBeLessThan(64 * mebibyte);

    const old = await provider.token();
    await provider.issuer.rotate();
    provider.publish();
    const next = await provider.token();
    expect(await statusOf(users, next)).toBe(200);
    expect(await statusOf(users, old)).toBe(401);
  },
);

test.concurrent.each([
  ["hangs", {}],
  ["resets connections", resetConnections],
  ["responds with 500", respondAndClose(http("500 Internal Server Error"))],
])(
  "user-service starts, and asks for keys once a second at most, while the provider %s",
  async (_, behaviour) => {
    await using provider = await startIdentityProvider(behaviour);
    await using users = await startService("user-service", provider.env);
    await using attacker = await attackerOf(provider);
    const startedAt = performance.now();
    const load = repeatTimed(
      8,
      async (n) => {
        const token = n % 2 === 0 ? await provider.token() : await attacker.token();
        const response = await users.fetch("/users", { headers: bearer(token) });
        expect(response.status).toBe(503);
        expect(response.headers.get("retry-after")).toBe("1");
        expect(await response.json()).toMatchObject({ code: "identity-provider-unavailable" });
      },
      5,
    );
    await provider.fetched(amount({ full: 10, fast: 2 }));
    expect((await users.fetch("/users")).status).toBe(401);
    expect((await users.fetch("/ready")).status).toBe(200);
    await load.stop();
    const seconds = (performance.now() - startedAt) / 1000;
    // The first fetch begins before the service listens.
    expect(provider.fetches).toBeLessThanOrEqual(seconds + 2);
    expect(await metricOf(users, 'auth_total{outcome="no-keys"}')).toBeGreaterThan(0);

    provider.publish();
    const token = await provider.token();
    await provider.fetched();
    while ((await statusOf(users, token)) !== 200);
    expect(await statusOf(users, await attacker.token())).toBe(401);
  },
);

test.concurrent("user-service uses the last keys for a day without their provider", async () => {
  await using shim = await startShim();
  await using provider = await startIdentityProvider();
  await using users = await startUserService(provider, shim.env);
  expect(await statusOf(users, await provider.token())).toBe(200);
  provider.restart(resetConnections);
  shim.set({ monotonicOffsetMs: 23 * hourMs });
  await provider.fetched();
  expect(await statusOf(users, await provider.token())).toBe(200);
  shim.set({ monotonicOffsetMs: 24 * hourMs });
  expect(await statusOf(users, await provider.token())).toBe(503);
  provider.publish();
  await provider.fetched();
  while ((await statusOf(users, await provider.token())) !== 200);
});
