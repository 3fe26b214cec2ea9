// What a misbehaving user-service costs order-service: neither memory nor sockets nor files for long.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import {
  inspectable,
  liveObjects,
  openFiles,
  peakKiB,
  resetPeak,
  residentKiB,
} from "../support/footprint.ts";
import { healthy, userJson } from "../support/platform/fake-user-service.ts";
import { amount } from "../support/scale.ts";
import {
  drip,
  flood,
  http,
  resetConnections,
  respond,
  respondAndClose,
  respondAndReset,
} from "../support/upstream-behaviours.ts";
import { startOrderService } from "./order-service-with-upstream.ts";

const ok = "HTTP/1.1 200 OK\r\n";
const chunked = `${ok}transfer-encoding: chunked\r\n\r\n`;
const kibibyte = `400\r\n${"x".repeat(1024)}\r\n`;
const short = `${ok}content-length: 9\r\n`;
const maxBytes = 50 * 1024 * 1024;
/** One MiB, in KiB. */
const mebibyte = 1024;

const floods: [string, Behaviour][] = [
  ["with its length", flood(`${ok}content-length: ${maxBytes}\r\n\r\n`, "x", maxBytes)],
  ["without a length", flood(`${ok}\r\n`, "x", maxBytes)],
  ["in one chunk", flood(`${chunked}${maxBytes.toString(16)}\r\n`, "x", maxBytes)],
  ["in chunks of a byte", flood(chunked, "1\r\nx\r\n", maxBytes)],
  [
    "in chunks, with a short length",
    flood(`${short}${chunked.slice(ok.length)}`, kibibyte, maxBytes),
  ],
  ["with a 500", flood("HTTP/1.1 500 X\r\n\r\n", "x", maxBytes)],
  ["in its header", flood(ok, "x-many: lines\r\n", maxBytes)],
  ["in a line of its header", flood(`${ok}x: `, "x", maxBytes)],
  ["in interim responses", flood("", "HTTP/1.1 100 Continue\r\n\r\n", maxBytes)],
  ["in a chunk extension", flood(`${chunked}5;`, "x", maxBytes)],
  ["in its trailer", flood(`${chunked}0\r\n`, "x: y\r\n", maxBytes)],
];

test.each(floods)(
  "order-service does not hold a response of 50 MB in memory: %s",
  async (_, behaviour) => {
    await using upstream = await startFakeUpstream(healthy);
    await using orders = await startOrderService(upstream.url);
    for (let n = 0; n < 50; n += 1) await orders.place(n);
    upstream.restart(behaviour);
    const before = await residentKiB(orders.pid);
    await resetPeak(orders.pid);
    expect((await orders.place(50)).status).toBeGreaterThan(500);
    expect((await peakKiB(orders.pid)) - before).toBeLessThan(25 * mebibyte);
    await Promise.all([1, 2, 3, 4].map((n) => orders.place(n)));
    expect((await peakKiB(orders.pid)) - before).toBeLessThan(50 * mebibyte);
  },
);

const misbehaviours: Record<string, Behaviour> = {
  ...Object.fromEntries(floods),
  failure: respond(http("500 Internal Server Error", "{}")),
  garbage: respond(http("200 OK", "{not json")),
  "no HTTP": respondAndClose("220 mail.example.com ESMTP\r\n"),
  redirect: respond(http("302 Found", "", "location: /users/x")),
  "cut body": respondAndClose(http("200 OK", userJson).subarray(0, -9)),
  "reset body": respondAndReset(http("200 OK", userJson).subarray(0, -9)),
  "reset connection": resetConnections,
  "slow body": drip(`${ok}content-length: ${userJson.length}\r\n\r\n`, userJson),
  silence: {},
};

/** Reads a value again for up to 10 s, until it is as expected. @returns the last value */
async function eventually<T>(
  read: () => Promise<T>,
  isExpected: (value: T) => boolean,
): Promise<T> {
  const endsAt = performance.now() + 10_000;
  let value = await read();
  while (!isExpected(value) && performance.now() < endsAt) {
    await Bun.sleep(100);
    value = await read();
  }
  return value;
}

/** Classes of which every order makes one object or more. */
const classesPerOrder = [
  "AbortController",
  "Error",
  "Headers",
  "Promise",
  "ReadableStream",
  "Request",
  "Response",
  "Timeout",
];

test("order-service frees memory and sockets after any misbehaviour of user-service", async () => {
  await using folder = temporaryFolder();
  const inspector = join(folder.path, "inspect.sock");
  await using upstream = await startFakeUpstream(healthy);
  const env = { USER_SERVICE_TIMEOUT_MS: "200", ...inspectable(inspector) };
  await using orders = await startOrderService(upstream.url, env);

  const bout = async (behaviour: Behaviour, rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      upstream.restart(behaviour);
      // A fifth failure would open the circuit.
      const responses = await Promise.all([1, 2, 3, 4].map((n) => orders.place(n)));
      for (const { status } of responses) expect(status).toBeGreaterThan(500);
      upstream.restart(healthy);
      while ((await orders.place(0)).status !== 201) await Bun.sleep(20);
    }
  };
  const levels = async () => {
    const objects = await liveObjects(inspector);
    return {
      ...Object.fromEntries(classesPerOrder.map((name) => [name, objects[name] ?? 0])),
      "open files": await openFiles(orders.pid),
      connections: upstream.connections,
    };
  };

  for (const misbehaviour of Object.values(misbehaviours)) await bout(misbehaviour, 2);
  const before = new Map<string, number>(Object.entries(await levels()));
  const memory = await residentKiB(orders.pid);
  const rounds = amount({ full: 25, fast: 4 });
  for (const [name, misbehaviour] of Object.entries(misbehaviours)) {
    await bout(misbehaviour, rounds);
    // Half of what a leak of one object per order would come to.
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
