import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { Deadlines } from "../../src/postgres/deadlines.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

const never = new Promise<never>(() => undefined);

describe("Deadlines", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test("bound() settles as the work does", async () => {
    const deadlines = new Deadlines(100);
    const late = () => new Error("late");
    expect(await deadlines.bound(Promise.resolve("value"), late)).toBe("value");
    const failure = new Error("of the work");
    expect(await rejectionOf(deadlines.bound(Promise.reject(failure), late))).toBe(failure);
    deadlines.stop();
  });

  test("bound() ends the wait for each silent statement in its own time", async () => {
    const deadlines = new Deadlines(100);
    const ended: string[] = [];
    const start = (name: string, work: Promise<string>) =>
      void deadlines
        .bound(work, () => new Error(`${name} is late`))
        .catch((error: unknown) => error)
        .then((outcome) => ended.push(String(outcome)));
    start("first", never);
    start("quick", Promise.resolve("quick"));
    await Promise.resolve();
    jest.advanceTimersByTime(60);
    start("second", never);
    jest.advanceTimersByTime(50);
    await flush();
    expect(ended).toEqual(["quick", "Error: first is late"]);
    jest.advanceTimersByTime(60);
    await flush();
    expect(ended.at(-1)).toBe("Error: second is late");
    // The timer that served both has ended: the next piece of work gets another one.
    start("third", never);
    jest.advanceTimersByTime(110);
    await flush();
    expect(ended.at(-1)).toBe("Error: third is late");
  });
});

/** Lets promises that have settled run what waits for them. */
async function flush(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
