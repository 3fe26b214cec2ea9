import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  connect,
  notes,
  startWriter,
  temporaryFolder,
  type WriterCommand,
  type WriterReport,
} from "./harness.ts";

/** Bounds tests of hundreds of commits, which take a second or two where a flush is quick. */
const SLOW_DISK_MS = 30_000;

/** Writers on a file that does not exist yet, in a folder that does not either. */
async function setUp(count: number) {
  using starting = new DisposableStack();
  const folder = starting.use(temporaryFolder());
  const path = join(folder.path, "made", "on", "demand", "test.db");
  const writers = await Promise.all(Array.from({ length: count }, () => startWriter(path)));
  for (const writer of writers) starting.use(writer);
  const running = starting.move();
  return {
    tellAll: (command: WriterCommand) => Promise.all(writers.map((it) => it.tell(command))),
    pairs() {
      using db = connect(path);
      return notes(db).length / 2;
    },
    [Symbol.dispose]: () => running.dispose(),
  };
}

test(
  "replicas that start at the same moment on a new file all come up",
  async () => {
    for (let round = 0; round < 3; round += 1) {
      using replicas = await setUp(4);
      await replicas.tellAll("open");
      await replicas.tellAll({ writes: 1, callers: 1 });
      await replicas.tellAll("close");
      expect(replicas.pairs()).toBe(4);
    }
  },
  SLOW_DISK_MS,
);

test.each([1, 16])(
  "two replicas that write without pause share a file, %d callers each",
  async (callers) => {
    const writes = 200 * callers;
    using replicas = await setUp(2);
    await replicas.tellAll("open");
    // On a fast disk one could be done before the other begins, so let them meet first.
    await replicas.tellAll({ writes: 1, callers: 1 });
    await replicas.tellAll({ writes: 1, callers: 1 });
    const reports = await replicas.tellAll({ writes, callers });
    await replicas.tellAll("close");
    expect(replicas.pairs()).toBe(2 * (2 + writes));

    const from = Math.max(...reports.map(({ startedAt }) => startedAt));
    const to = Math.min(...reports.map(({ answeredAt }) => answeredAt.at(-1) ?? 0));
    const answeredMeanwhile = ({ answeredAt }: WriterReport) =>
      answeredAt.filter((time) => time >= from && time <= to).length;
    const shares = reports.map(answeredMeanwhile);
    const sum = shares.reduce((total, share) => total + share, 0);
    expect(sum).toBeGreaterThan(writes);
    expect(Math.min(...shares)).toBeGreaterThan(sum / 4);
    for (const { longestWaitMs } of reports) expect(longestWaitMs).toBeLessThan(2000);
  },
  SLOW_DISK_MS,
);
