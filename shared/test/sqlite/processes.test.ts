import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { notesIn, startWriter, type WriterCommand, type Written } from "./harness.ts";

// The tests make hundreds of commits, which take a second or two on a fast disk.
setDefaultTimeout(30_000);

/** Writer processes on a file that does not exist yet, in a folder that does not exist either. */
async function setUp(count: number) {
  using starting = new DisposableStack();
  const folder = starting.use(temporaryFolder());
  const path = join(folder.path, "made", "on", "demand", "test.db");
  const writers = await Promise.all(Array.from({ length: count }, () => startWriter(path)));
  for (const writer of writers) starting.use(writer);
  const running = starting.move();
  return {
    sendAll: (command: WriterCommand) => Promise.all(writers.map((it) => it.send(command))),
    pairs: () => notesIn(path).length / 2,
    [Symbol.dispose]: () => running.dispose(),
  };
}

const startOf = (written: readonly Written[]) => Math.min(...written.map((it) => it.sentAt));
const endOf = (written: readonly Written[]) => Math.max(...written.map((it) => it.committedAt));

/** How many writes were committed between two times, in ms. */
function countCommits(written: readonly Written[], from: number, to: number): number {
  return written.filter(({ committedAt }) => committedAt >= from && committedAt <= to).length;
}

describe("openSqlite() in several processes", () => {
  test("lets four replicas start at the same time on a new file", async () => {
    for (let round = 0; round < 3; round += 1) {
      using replicas = await setUp(4);
      await replicas.sendAll("open");
      await replicas.sendAll({ writes: 1, callers: 1 });
      await replicas.sendAll("close");
      expect(replicas.pairs()).toBe(4);
    }
  });

  test.each([1, 16])("shares the file fairly between replicas of %d callers", async (callers) => {
    const writes = 200 * callers;
    using replicas = await setUp(2);
    await replicas.sendAll("open");
    // On a fast disk one replica could finish before the other begins. After one write of each,
    // both have seen the other.
    await replicas.sendAll({ writes: 1, callers: 1 });
    await replicas.sendAll({ writes: 1, callers: 1 });
    const [first = [], second = []] = await replicas.sendAll({ writes, callers });
    await replicas.sendAll("close");
    expect(replicas.pairs()).toBe(2 * (2 + writes));

    const from = Math.max(startOf(first), startOf(second));
    const to = Math.min(endOf(first), endOf(second));
    const shares = [first, second].map((written) => countCommits(written, from, to));
    const sum = shares.reduce((total, share) => total + share, 0);
    expect(sum).toBeGreaterThan(writes);
    expect(Math.min(...shares)).toBeGreaterThan(sum / 4);
    // A wait is measured in commits of the other replica: a slow disk delays both.
    const overtaking = [
      ...first.map((it) => countCommits(second, it.sentAt, it.committedAt)),
      ...second.map((it) => countCommits(first, it.sentAt, it.committedAt)),
    ];
    expect(Math.max(...overtaking)).toBeLessThan(writes / 4);
  });
});
