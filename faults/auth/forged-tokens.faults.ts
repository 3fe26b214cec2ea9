// Floods of tokens that differ: they cost neither memory nor fetches, and no good token has to wait.
import { expect, test } from "bun:test";
import { peakKiB, resetPeak, residentKiB } from "../support/footprint.ts";
import { amount } from "../support/scale.ts";
import { http, respondAndClose } from "../support/upstream-behaviours.ts";
import {
  attackerOf,
  startIdentityProvider,
  startUserService,
  statusOf,
} from "./identity-provider.ts";

const count = amount({ full: 100_000, fast: 3000 });
/** One MiB, in KiB. */
const mebibyte = 1024;

/** Does the work so often, a few at a time. */
async function many(times: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < times) await work(next++);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

test.each([
  ["is there", true],
  ["responds with 500", false],
])(
  "user-service holds none of many forged tokens, and hardly asks a provider that %s",
  async (_, isHealthy) => {
    await using provider = await startIdentityProvider();
    await using attacker = await attackerOf(provider);
    await using users = await startUserService(provider);
    const good = await provider.token();
    const kid = provider.issuer.key().id;
    const forge = async (n: number) => {
      const header = [{ kid }, { kid: crypto.randomUUID() }, { kid: undefined }][n % 3];
      expect(await statusOf(users, await attacker.token(header))).toBe(401);
      if (n % 100 === 0) expect(await statusOf(users, good)).toBe(200);
    };
    expect(await statusOf(users, good)).toBe(200);
    const startedAt = performance.now();
    if (isHealthy) provider.publish();
    else provider.restart(respondAndClose(http("500 Internal Server Error")));
    await many(1000, forge);
    const before = await residentKiB(users.pid);
    await resetPeak(users.pid);
    await many(count, forge);
    const seconds = (performance.now() - startedAt) / 1000;
    // Two in 30 s for unknown keys, and one for its age, or at each look after one that failed.
    const pause = isHealthy ? 49 : 5;
    const allowed = 2 * Math.ceil(seconds / 30) + Math.ceil(seconds / pause);
    const raisedBy = (await peakKiB(users.pid)) - before;
    const fetched = provider.fetches;
    console.log(`${fetched} fetches in ${seconds.toFixed(0)} s, peak raised by ${raisedBy} KiB`);
    expect(fetched).toBeLessThanOrEqual(allowed);
    expect(raisedBy).toBeLessThan(64 * mebibyte);
  },
);

test("user-service remembers a bounded number of callers", async () => {
  await using provider = await startIdentityProvider();
  await using users = await startUserService(provider);
  const send = async () => {
    const noise = "x".repeat(5000);
    const token = await provider.issuer.token({
      scope: "users:read",
      sub: crypto.randomUUID(),
      noise,
    });
    expect(await statusOf(users, token)).toBe(200);
  };
  await many(1000, send);
  const before = await residentKiB(users.pid);
  await resetPeak(users.pid);
  await many(count, send);
  // All tokens of a full run are 650 MiB of text. What the cache has dropped is there until a collection.
  const raisedBy = (await peakKiB(users.pid)) - before;
  console.log(`peak raised by ${raisedBy} KiB`);
  expect(raisedBy).toBeLessThan(384 * mebibyte);
});
