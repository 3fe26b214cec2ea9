// A provider that changes its keys under load: every token is accepted as long as its key is published.
import { expect, test } from "bun:test";
import { repeatTimed } from "../support/load.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import { startIdentityProvider, startUserService, statusOf } from "./identity-provider.ts";

test("user-service refuses no good token while keys change, and a withdrawn key is out in a minute", async () => {
  await using shim = await startShim();
  await using provider = await startIdentityProvider();
  await using users = await startUserService(provider, shim.env);
  const { issuer } = provider;
  let current = await provider.token();
  const send = async (n: number) => {
    const token = n % 2 === 0 ? current : await provider.token();
    expect(await statusOf(users, token)).toBe(200);
  };
  const changes = () =>
    users.lines.filter(({ msg }) => msg === "issuer's keys have changed").length;
  const load = repeatTimed(8, send, 2);
  for (let change = 1; change <= amount({ full: 20, fast: 3 }); change += 1) {
    const withdrawn = await provider.token();
    expect(await statusOf(users, withdrawn)).toBe(200);
    const old = issuer.key().published;
    // From here on the load signs with the new key, which is published at the same moment.
    await issuer.rotate();
    provider.publish(old, issuer.key().published);
    current = await provider.token();
    expect(await statusOf(users, current)).toBe(200);
    expect(await statusOf(users, withdrawn)).toBe(200);

    provider.publish();
    // The next look is 5 s away at most.
    shim.set({ monotonicOffsetMs: change * 55_000 });
    // The first set, and two changes in each round.
    while (changes() < 1 + 2 * change) expect(await statusOf(users, current)).toBe(200);
    expect(await statusOf(users, withdrawn)).toBe(401);
    expect(await statusOf(users, current)).toBe(200);
  }
  await load.stop();
});
