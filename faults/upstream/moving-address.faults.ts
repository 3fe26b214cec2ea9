// user-service gets another address, as a container that is made anew does.
import { expect, test } from "bun:test";
import { user } from "../support/platform/fake-user-service.ts";
import { newOrder, sending } from "../support/platform/resources.ts";
import { healthy, startMovingUpstream, type MovingUpstream } from "./moving-upstream.ts";

const [before, after] = ["127.0.0.2", "127.0.0.3"] as const;

/** How long an address may stay unknown, in ms. */
const maxUnknownMs = 3000;

const place = ({ orders }: MovingUpstream) =>
  orders.fetch("/orders", sending("POST", newOrder(user.id, 1)));

/** Places orders side by side until one is accepted. @returns the time in ms */
async function msUntilPlaced(upstream: MovingUpstream, intervalMs = 20): Promise<number> {
  const startedAt = performance.now();
  const placed = Promise.withResolvers<void>();
  let isPlaced = false;
  const sent: Promise<void>[] = [];
  while (!isPlaced && performance.now() - startedAt < 2 * maxUnknownMs) {
    sent.push(
      place(upstream).then(({ status }) => {
        if (status !== 201) return;
        isPlaced = true;
        placed.resolve();
      }),
    );
    await Promise.race([placed.promise, Bun.sleep(intervalMs)]);
  }
  const durationMs = performance.now() - startedAt;
  await Promise.all(sent);
  return durationMs;
}

test("POST /orders loses no order if user-service has moved", async () => {
  await using upstream = await startMovingUpstream();
  expect((await place(upstream)).status).toBe(201);
  upstream.start(after, healthy);
  upstream.setAddresses(after);
  await upstream.stop(before);
  for (let n = 0; n < 20; n += 1) expect((await place(upstream)).status).toBe(201);

  upstream.start(before, healthy);
  upstream.setAddresses(before);
  await upstream.stop(after);
  for (let n = 0; n < 20; n += 1) expect((await place(upstream)).status).toBe(201);
});

test("POST /orders loses no order if one of user-service's two addresses is dead", async () => {
  await using upstream = await startMovingUpstream();
  expect((await place(upstream)).status).toBe(201);
  upstream.start(after, healthy);
  upstream.setAddresses("127.0.0.4", after);
  await upstream.stop(before);
  for (let n = 0; n < 20; n += 1) expect((await place(upstream)).status).toBe(201);

  await upstream.stop(after);
  for (let n = 0; n < 3; n += 1) expect((await place(upstream)).status).toBe(503);
  upstream.start(after, healthy);
  for (let n = 0; n < 20; n += 1) expect((await place(upstream)).status).toBe(201);
});

// Eight calls are made at a time. With a long timeout, orders in quick succession queue behind eight
// calls that hang.
test.each([
  ["2000", 20],
  ["60000", 400],
])(
  "POST /orders succeeds within 3 s if user-service's former address hangs, with a timeout of %s ms",
  async (timeoutMs, intervalMs) => {
    await using upstream = await startMovingUpstream({ USER_SERVICE_TIMEOUT_MS: timeoutMs });
    expect((await place(upstream)).status).toBe(201);
    const never = Promise.withResolvers<Response>();
    await upstream.stop(before);
    upstream.start(before, () => never.promise);
    upstream.start(after, healthy);
    upstream.setAddresses(after);
    const placed = msUntilPlaced(upstream, intervalMs);
    setTimeout(() => never.resolve(new Response(null, { status: 503 })), maxUnknownMs + 500);
    expect(await placed).toBeLessThan(maxUnknownMs);
  },
);

test("POST /orders succeeds within 3 s if another service got user-service's address", async () => {
  await using upstream = await startMovingUpstream();
  expect((await place(upstream)).status).toBe(201);
  await upstream.stop(before);
  upstream.start(before, () => Response.json({ detail: "Not Found" }, { status: 404 }));
  upstream.start(after, healthy);
  upstream.setAddresses(after);
  expect((await place(upstream)).status).toBe(502);
  expect(await msUntilPlaced(upstream)).toBeLessThan(maxUnknownMs);
});

test("POST /orders succeeds within 3 s after the move, though the circuit is open", async () => {
  await using upstream = await startMovingUpstream();
  expect((await place(upstream)).status).toBe(201);
  upstream.setAddresses();
  await upstream.stop(before);
  for (let n = 0; n < 10; n += 1) expect((await place(upstream)).status).toBe(503);
  expect(upstream.orders.lines.at(-2)).toMatchObject({ status: "circuit_open" });
  upstream.start(after, healthy);
  upstream.setAddresses(after);
  expect(await msUntilPlaced(upstream)).toBeLessThan(maxUnknownMs);
});
