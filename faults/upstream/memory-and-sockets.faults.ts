// What a misbehaving user-service costs order-service: no memory, no sockets, no files for long.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { userJson, healthy } from "../support/platform/fake-user-service.ts";
import {
  drip,
  flood,
  httpResponse,
  resetConnections,
  respond,
  respondAndClose,
  respondAndReset,
} from "../support/upstream-behaviours.ts";
import {
  countable,
  forgetPeak,
  liveObjects,
  openFiles,
  peakKiB,
  residentKiB,
} from "../support/footprint.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { startOrders } from "./order-service-with-upstream.ts";
import { amount } from "../support/scale.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const kibibyte = `400\r\n${"x".repeat(1024)}\r\n`;
const short = `${ok}content-length: 9\r\n`;
const most = 50 * 1024 * 1024;
/** In KiB. */
const mebibyte = 1024;

const floods: [string, Behaviour][] = [
  ["with its length", flood(`${ok}content-length: ${most}\r\n\r\n`, "x", most)],
  ["without a length", flood(`${ok}\r\n`, "x", most)],
  ["in one chunk", flood(`${chunked}${most.toString(16)}\r\n`, "x", most)],
  ["in chunks of a byte", flood(chunked, "1\r\nx\r\n", most)],
  ["in chunks, with a short length", flood(`${short}${chunked.slice(ok.length)}`, kibibyte, most)],
  ["of a failure", flood("HTTP/1.1 500 X\r\n\r\n", "x", most)],
  ["in its header", flood(ok, "x-many: lines\r\n", most)],
  ["in a line of its header", flood(`${ok}x: `, "x", most)],
  ["in announcements", flood("", "HTTP/1.1 100 Continue\r\n\r\n", most)],
  ["in notes on a chunk", flood(`${chunked}5;`, "x", most)],
  ["in its trailer", flood(`${chunked}0\r\n`, "x: y\r\n", most)],
];

test.each(floods)("50 MB %s are not held in memory", async (_, flood) => {
  await using upstream = await startFakeUpstream(healthy);
  await using orders = await startOrders(upstream.url);
  for (let n = 0; n < 50; n += 1) await orders.place(n);
  upstream.restart(flood);
  const before = await residentKiB(orders.pid);
  await forgetPeak(orders.pid);
  expect((await orders.place(50)).status).toBeGreaterThan(500);
  expect((await peakKiB(orders.pid)) - before).toBeLessThan(25 * mebibyte);
  await Promise.all([1, 2, 3, 4].map((n) => orders.place(n)));
  expect((await peakKiB(orders.pid)) - before).toBeLessThan(50 * mebibyte);
});

const faults: Record<string, Behaviour> = {
  ...Object.fromEntries(floods),
  failure: respond(httpResponse("500 Internal Server Error", "{}")),
  garbage: respond(httpResponse("200 OK", "{not json")),
  "no HTTP": respondAndClose("220 mail.example.com ESMTP\r\n"),
  redirect: respond(httpResponse("302 Found", "", "location: /users/x")),
  "cut body": respondAndClose(httpResponse("200 OK", userJson).subarray(0, -9)),
  "reset body": respondAndReset(httpResponse("200 OK", userJson).subarray(0, -9)),
  "reset connection": resetConnections,
  "slow body": drip(`${ok}content-length: ${userJson.length}\r\n\r\n`, userJson),
  silence: {},
};

/** Looks again for up to 10 s, until it is as it should be. @returns what was seen last */
async function eventually<T>(look: () => Promise<T>, isFine: (seen: T) => boolean): Promise<T> {
  const endsAt = performance.now() + 10_000;
  let seen = await look();
  while (!isFine(seen) && performance.now() < endsAt) {
    await Bun.sleep(100);
    seen = await look();
  }
  return seen;
}

/** What every order has one of, at least. */
const perOrder = [
  "AbortController",
  "Error",
  "Headers",
  "Promise",
  "ReadableStream",
  "Request",
  "Response",
  "Timeout",
];

test("after a bout of any fault, memory and sockets are back at their level", async () => {
  await using folder = await temporaryFolder();
  const inspector = join(folder.path, "inspect.sock");
  await using upstream = await startFakeUpstream(healthy);
  const env = { USER_SERVICE_TIMEOUT_MS: "200", ...countable(inspector) };
  await using orders = await startOrders(upstream.url, env);

  const bout = async (behaviour: Behaviour, rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      upstream.restart(behaviour);
      // A fifth failure would open the circuit.
      const answers = await Promise.all([1, 2, 3, 4].map((n) => orders.place(n)));
      for (const { status } of answers) expect(status).toBeGreaterThan(500);
      upstream.restart(healthy);
      while ((await orders.place(0)).status !== 201) await Bun.sleep(20);
    }
  };
  const levels = async () => {
    const objects = await liveObjects(inspector);
    return {
      ...Object.fromEntries(perOrder.map((name) => [name, objects[name] ?? 0])),
      "open files": await openFiles(orders.pid),
      connections: upstream.connections,
    };
  };

  for (const fault of Object.values(faults)) await bout(fault, 2);
  const before = new Map<string, number>(Object.entries(await levels()));
  const memory = await residentKiB(orders.pid);
  const rounds = amount({ full: 25, fast: 4 });
  for (const [name, fault] of Object.entries(faults)) {
    await bout(fault, rounds);
    // Half of what a leak of one in each order would come to.
    const risen = async () =>
      Object.entries(await levels()).filter(
        ([level, now]) => now > (before.get(level) ?? 0) + rounds * 2,
      );
    expect({ name, risen: await eventually(risen, ({ length }) => length === 0) }).toEqual({
      name,
      risen: [],
    });
  }
  const growth = async () => (await residentKiB(orders.pid)) - memory;
  expect(await eventually(growth, (kiB) => kiB < 32 * mebibyte)).toBeLessThan(32 * mebibyte);
});
