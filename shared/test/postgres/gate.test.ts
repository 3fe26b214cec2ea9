import { expect, test } from "bun:test";
import { Gate } from "../../src/postgres/gate.ts";

/** A gate, and what was let in or turned away so far, in this order. */
function watchedGate(max: number) {
  const gate = new Gate(max, 60_000, () => undefined);
  const seen: string[] = [];
  return {
    gate,
    seen,
    async enter(name: string, isWrite: boolean): Promise<void> {
      await gate.enter(isWrite);
      seen.push(name);
    },
  };
}

test("writes leave a session to reads, which pass those that wait", async () => {
  const { gate, seen, enter } = watchedGate(3);
  await Promise.all([enter("write 1", true), enter("write 2", true)]);
  const waiting = enter("write 3", true);
  await enter("read 1", false);
  expect(seen).toEqual(["write 1", "write 2", "read 1"]);
  const later = enter("read 2", false);
  gate.leave(false);
  await later;
  gate.leave(false);
  expect(gate.waiting).toBe(1);
  gate.leave(true);
  await waiting;
  expect(seen.slice(3)).toEqual(["read 2", "write 3"]);
  gate.leave(true);
  gate.leave(true);
  await gate.idle();
});

test("reads may have all sessions, and leave the first one to the write that waits", async () => {
  const { gate, seen, enter } = watchedGate(3);
  await Promise.all(["read 1", "read 2", "read 3"].map((name) => enter(name, false)));
  const write = enter("write", true);
  const read = enter("read 4", false);
  gate.leave(false);
  await write;
  gate.leave(false);
  await read;
  expect(seen.slice(3)).toEqual(["write", "read 4"]);
  expect(gate.inside).toBe(3);
});

test.each([1, 2])("writes may have all sessions of a pool of %i", async (max) => {
  const { gate, enter } = watchedGate(max);
  for (let n = 0; n < max; n += 1) await enter(`write ${n}`, true);
  expect(gate.inside).toBe(max);
});
