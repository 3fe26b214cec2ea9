// A clock that jumps: a token is valid by the clock of now, whatever the service has verified before.
import { expect, test } from "bun:test";
import { bearer, testIssuer } from "../../shared/testing/test-issuer.ts";
import { startService } from "../support/platform/services.ts";
import { startShim } from "../support/shim.ts";
import { clockOffsetsMs, dayMs } from "./jumps.ts";

/** Days from the start of a test, each between two of the times to which the clock jumps. */
const days = [-1.5, -0.5, 0.5, 1.5];

const services = [
  ["user-service", "/users", "users:read"],
  ["order-service", "/orders", "orders:read"],
] as const;

test.concurrent.each(services)(
  "%s accepts a token until it ends and from when it begins, though the clock has jumped",
  async (service, path, scope) => {
    await using shim = await startShim();
    await using issuer = await testIssuer();
    await using running = await startService(service, { ...issuer.environment(), ...shim.env });
    const startedAt = Date.now();
    const at = (day: number) => Math.floor((startedAt + day * dayMs) / 1000);
    const statusOf = async (token: string) =>
      (await running.fetch(path, { headers: bearer(token) })).status;
    const ends = await Promise.all(
      days.map(async (day) => [day, await issuer.token({ scope, exp: at(day) })] as const),
    );
    for (const offset of clockOffsetsMs) {
      shim.set({ clockOffsetMs: offset });
      // The second time, the service has verified those that are valid.
      for (const [day, token] of [...ends, ...ends]) {
        expect(await statusOf(token)).toBe(day * dayMs > offset ? 200 : 401);
      }
      for (const day of days) {
        // A new token: one that was verified does not begin once more.
        const claims = { nbf: at(day), exp: at(9), jti: crypto.randomUUID() };
        const token = await issuer.token({ scope, ...claims });
        expect(await statusOf(token)).toBe(day * dayMs < offset ? 200 : 401);
      }
    }
  },
);

test.concurrent("user-service accepts tokens after its machine has slept for days, and no expired one", async () => {
  await using shim = await startShim();
  await using issuer = await testIssuer();
  const env = { ...issuer.environment(), ...shim.env };
  await using users = await startService("user-service", env);
  const statusOf = async (token: string) =>
    (await users.fetch("/users", { headers: bearer(token) })).status;
  const scope = "users:read";
  const short = await issuer.token({ scope });
  const long = await issuer.token({ scope, exp: Math.floor(Date.now() / 1000) + 7 * 86_400 });
  expect(await statusOf(short)).toBe(200);
  expect(await statusOf(long)).toBe(200);
  shim.set({ clockOffsetMs: 3 * dayMs, monotonicOffsetMs: 3 * dayMs });
  expect(await statusOf(long)).toBe(200);
  expect(await statusOf(short)).toBe(401);
});
