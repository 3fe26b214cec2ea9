// Slow, stalled and vanished clients, which must not slow down the others.
import { expect, test } from "bun:test";
import { openFiles, residentKiB } from "../support/footprint.ts";
import { median } from "../support/median.ts";
import { createUser, newUser } from "../support/platform/resources.ts";
import { startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { probe } from "./prober.ts";
import { slowClients, type SlowKind } from "./slow-clients.ts";

const head = "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
const body = JSON.stringify(newUser(-1));

const kinds: [string, SlowKind][] = [
  ["that send nothing", { first: "" }],
  ["that stop within a header", { first: head.slice(0, 40) }],
  ["that stop within a body", { first: `${head}Content-Length: 1000\r\n\r\n{` }],
  [
    "whose bodies never end",
    {
      first: `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
      rest: "1\r\n \r\n".repeat(10_000),
    },
  ],
  [
    "that send one byte at a time",
    { first: "", rest: `${head}Content-Length: ${body.length}\r\n\r\n${body}` },
  ],
  ["that declare much and send little", { first: `${head}Content-Length: 1048576\r\n\r\n{` }],
  [
    "that do not read their responses",
    { first: "GET /users?limit=1000 HTTP/1.1\r\nHost: a\r\n\r\n", awaitsResponse: true },
  ],
];

test.each(kinds)("user-service keeps serving others among 500 clients %s", async (what, kind) => {
  // Fewer than there are slow clients, so that none of them may hold a place for long.
  await using platform = await startPlatform({ users: { MAX_IN_FLIGHT: "32" } });
  const { users } = platform;
  for (let n = 0; n < 1000; n += 1) await createUser(users, n);
  let next = 1000;

  /** Lets eight ordinary clients create users. @returns users per second; rejects without a 201 */
  async function measureOthers(ms: number): Promise<number> {
    const startedAt = performance.now();
    const clients = Array.from({ length: 8 }, async () => {
      let count = 0;
      for (; performance.now() - startedAt < ms; count += 1) await createUser(users, next++);
      return count;
    });
    const counts = await Promise.all(clients);
    return (counts.reduce((a, b) => a + b) * 1000) / (performance.now() - startedAt);
  }

  const ms = amount({ full: 3000, fast: 400 });
  await measureOthers(ms);
  const alone = [await measureOthers(ms)];
  const shares: number[] = [];
  const maxProbesMs: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    let among: number;
    {
      using _ = await slowClients(users.port, kind);
      await measureOthers(200);
      const stopProbing = probe(users);
      among = await measureOthers(ms);
      maxProbesMs.push(await stopProbing());
    }
    alone.push(await measureOthers(ms));
    // Compared with the throughput just before and just after, as the machine's speed varies.
    const [before = 0, after = 0] = alone.slice(-2);
    shares.push((2 * among) / (before + after));
  }
  const memory = (await residentKiB(users.pid)) / 1024;
  console.log(
    `clients ${what}: ${median(alone).toFixed()} users a second alone, ` +
      `${shares.map((share) => share.toFixed(2)).join(", ")} of it among them; ` +
      `probes ${Math.max(...maxProbesMs).toFixed()} ms; ${memory.toFixed()} MiB`,
  );
  expect(median(shares)).toBeGreaterThan(0.5);
  expect(median(maxProbesMs)).toBeLessThan(250);
  expect(memory).toBeLessThan(250);
  // The slow clients have disconnected, so the service must close their sockets.
  while ((await openFiles(users.pid)) > 40) await Bun.sleep(10);
});
