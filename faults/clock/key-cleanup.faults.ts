// Idempotency keys that nobody needs any longer are forgotten, and nobody notices.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runCommand, startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { healthy, user } from "../support/platform/fake-user-service.ts";
import { addLapsedKeys } from "./seeded-keys.ts";
import { repeat } from "../support/load.ts";
import { median } from "../support/median.ts";
import { newOrder, sending } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";

const service = "order-service";

/** Asks again and again. @returns how long each answer took */
function ask(callers: number, request: (n: number) => Promise<Response>) {
  const waits: number[] = [];
  const load = repeat(callers, async (n) => {
    const askedAt = performance.now();
    const answer = await request(n);
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`Was answered ${answer.status}`);
    waits.push(performance.now() - askedAt);
    await Bun.sleep(5);
  });
  return { waits, stop: load.stop };
}

const figures = (waits: number[]) =>
  `${median(waits).toFixed(1)} ms in the middle, ${Math.max(...waits).toFixed(0)} ms at most`;

/** Asks for everything that can be asked for, until told to stop. */
function askAll(replicas: readonly Running[]) {
  const of = (n: number) => replicas[n % replicas.length]?.url ?? "";
  const all = {
    health: ask(2, (n) => fetch(`${of(n)}/health`)),
    list: ask(2, (n) => fetch(`${of(n)}/orders?limit=5`)),
    place: ask(4, (n) => {
      const key = { "idempotency-key": crypto.randomUUID() };
      return fetch(`${of(n)}/orders`, sending("POST", newOrder(user.id, n), key));
    }),
  };
  return async () => {
    await Promise.all(Object.values(all).map(({ stop }) => stop()));
    for (const [name, { waits }] of Object.entries(all)) {
      console.log(`  ${name}: ${waits.length} answers, ${figures(waits)}`);
    }
    return Math.max(...Object.values(all).flatMap(({ waits }) => waits));
  };
}

/** A database with so many keys that nobody needs, and a user-service that knows everybody. */
async function setUp(count: number) {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(await temporaryFolder()).path;
  const users = stack.use(await startFakeUpstream(healthy));
  expect(await runCommand(service, ["migrate"], { cwd })).toMatchObject({ status: 0 });
  const keys = stack.use(addLapsedKeys(join(cwd, "data/order_service.db"), count));
  const env = { USER_SERVICE_URL: users.url };
  const things = stack.move();
  return { cwd, keys, env, [Symbol.asyncDispose]: () => things.disposeAsync() };
}

test.each([1, 2])(
  "%i replicas forget old keys from their start on, and answer all the time",
  async (count) => {
    await using database = await setUp(amount({ full: 200_000, fast: 10_000 }));
    const { cwd, keys, env } = database;
    const before = keys.left();
    await using stack = new AsyncDisposableStack();
    const replicas: Running[] = [];
    const startedAt = performance.now();
    while (replicas.length < count) {
      replicas.push(stack.use(await startExecutable(service, { cwd, env })));
    }
    const stop = askAll(replicas);
    let left = before;
    let largestStep = 0;
    while (left > 0) {
      await replicas[0]?.fetch("/health");
      const now = keys.left();
      largestStep = Math.max(largestStep, left - now);
      left = now;
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${count} replicas forgot ${before} keys in ${seconds} s:`);
    const longestMs = await stop();
    console.log(`  at most ${largestStep} of them between two answers to one caller`);
    expect(largestStep).toBeLessThan(before / 4);
    expect(longestMs).toBeLessThan(5000);
  },
);

test("a service that forgets old keys on a slow disk ends when it is told to", async () => {
  await using shim = await startShim();
  await using database = await setUp(10_000);
  const { cwd, keys } = database;
  const before = keys.left();
  shim.set({ flushDelayMs: 50 });
  const env = { ...database.env, ...shim.env, SHUTDOWN_GRACE_MS: "1000" };
  await using orders = await startExecutable(service, { cwd, env });
  while (keys.left() === before) await Bun.sleep(5);
  const toldAt = performance.now();
  orders.kill("SIGTERM");
  expect(await orders.exited).toBe(0);
  console.log(
    `ended after ${(performance.now() - toldAt).toFixed(0)} ms, ${keys.left()} keys left`,
  );
  expect(keys.left()).toBeGreaterThan(before / 2);
});
