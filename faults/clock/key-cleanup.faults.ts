// The deletion of expired idempotency keys, which no client may notice.
import { expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { repeatTimed } from "../support/load.ts";
import { median } from "../support/median.ts";
import { healthy, user } from "../support/platform/fake-user-service.ts";
import { newOrder, sending } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { startShim } from "../support/shim.ts";
import { insertExpiredKeys } from "./seeded-keys.ts";

const { start, run, path } = processTests();
const service = "order-service";

/** Repeats a request, and expects that every response is a success. */
function keepSending(callers: number, request: (n: number) => Promise<Response>) {
  const send = async (n: number) => {
    const response = await request(n);
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The response is ${response.status}`);
  };
  return repeatTimed(callers, send, 5);
}

/** Sends every kind of request. @returns a function that stops and returns the longest wait, in ms */
function sendEverything(replicas: readonly Running[]) {
  const of = (n: number) => replicas[n % replicas.length]?.url ?? "";
  const loads = {
    health: keepSending(2, (n) => fetch(`${of(n)}/health`)),
    list: keepSending(2, (n) => fetch(`${of(n)}/orders?limit=5`)),
    place: keepSending(4, (n) => {
      const key = { "idempotency-key": crypto.randomUUID() };
      return fetch(`${of(n)}/orders`, sending("POST", newOrder(user.id, n), key));
    }),
  };
  return async () => {
    let maxMs = 0;
    for (const [name, load] of Object.entries(loads)) {
      const waits = await load.stop();
      maxMs = Math.max(maxMs, ...waits);
      console.log(
        `  ${name}: ${waits.length} responses, median ${median(waits).toFixed(1)} ms, ` +
          `maximum ${Math.max(...waits).toFixed(0)} ms`,
      );
    }
    return maxMs;
  };
}

/** A database with so many expired keys, and a healthy user-service. */
async function setUp(count: number) {
  await using stack = new AsyncDisposableStack();
  const users = stack.use(await startFakeUpstream(healthy));
  expect(await run(service, ["migrate"])).toMatchObject({ status: 0 });
  const keys = stack.use(insertExpiredKeys(path("data/order_service.db"), count));
  const env = { USER_SERVICE_URL: users.url };
  const owned = stack.move();
  return { keys, env, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test.each([1, 2])(
  "%i replicas delete expired keys from their start on, and respond in time meanwhile",
  async (count) => {
    await using database = await setUp(amount({ full: 200_000, fast: 10_000 }));
    const { keys, env } = database;
    const before = keys.left();
    await using stack = new AsyncDisposableStack();
    const replicas: Running[] = [];
    const startedAt = performance.now();
    while (replicas.length < count) {
      replicas.push(stack.use(await start(service, env)));
    }
    const stop = sendEverything(replicas);
    let left = before;
    let maxDeletedAtOnce = 0;
    while (left > 0) {
      await replicas[0]?.fetch("/health");
      const now = keys.left();
      maxDeletedAtOnce = Math.max(maxDeletedAtOnce, left - now);
      left = now;
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${count} replicas deleted ${before} keys in ${seconds} s:`);
    const maxMs = await stop();
    console.log(`  at most ${maxDeletedAtOnce} of them between two responses to one client`);
    expect(maxDeletedAtOnce).toBeLessThan(before / 4);
    expect(maxMs).toBeLessThan(5000);
  },
);

test("SIGTERM ends order-service while it deletes expired keys on a slow disk", async () => {
  await using shim = await startShim();
  await using database = await setUp(10_000);
  const { keys } = database;
  const before = keys.left();
  shim.set({ flushDelayMs: 50 });
  const env = { ...database.env, ...shim.env, SHUTDOWN_GRACE_MS: "1000" };
  await using orders = await start(service, env);
  while (keys.left() === before) await Bun.sleep(5);
  const signalledAt = performance.now();
  await expectCleanExit(orders);
  console.log(
    `ended after ${(performance.now() - signalledAt).toFixed(0)} ms, ${keys.left()} keys left`,
  );
  expect(keys.left()).toBeGreaterThan(before / 2);
});
