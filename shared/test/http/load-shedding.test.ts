import { describe, expect, jest, test } from "bun:test";
import { concurrencyLimiter } from "../../src/http/load-shedding.ts";

const request = () => ({ isAdmitted: false });

describe("the door", () => {
  test("lets in as many as there is room for", () => {
    const door = concurrencyLimiter(2);
    const [one, two, three] = [request(), request(), request()];
    expect([door.acquire(one), door.acquire(two), door.acquire(three)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(door.inFlight).toBe(2);
    door.release(one);
    expect(door.acquire(three)).toBe(true);
    expect(door.inFlight).toBe(2);
  });

  test("whoever was not let in, or has left, makes no room by leaving", () => {
    const door = concurrencyLimiter(1);
    const [inside, outside] = [request(), request()];
    door.acquire(inside);
    door.acquire(outside);
    door.release(outside);
    expect(door.inFlight).toBe(1);
    door.release(inside);
    door.release(inside);
    expect(door.inFlight).toBe(0);
  });
});

describe("refusals", () => {
  /** Asks for so many refusals. @returns how many were given so far */
  function refusing(count: number): () => number {
    const door = concurrencyLimiter(1);
    let given = 0;
    for (let n = 0; n < count; n += 1) {
      const turn = door.paceRejection();
      if (turn === undefined) given += 1;
      else void turn.then(() => (given += 1));
    }
    return () => given;
  }

  async function pass(ms: number): Promise<void> {
    jest.advanceTimersByTime(ms);
    await Promise.resolve();
  }

  test("come at once when they are few", () => {
    expect(refusing(10)()).toBe(10);
  });

  test("cannot take the processor when they are many, and none waits for long", async () => {
    jest.useFakeTimers();
    try {
      const given = refusing(500);
      const atOnce = given();
      expect(atOnce).toBeLessThan(50);
      await pass(100);
      expect(given()).toBeGreaterThan(atOnce);
      expect(given()).toBeLessThan(300);
      await pass(400);
      expect(given()).toBe(500);

      const all = refusing(10_000);
      for (let n = 0; n < 300; n += 1) await pass(10);
      expect(all()).toBeGreaterThan(9000);
    } finally {
      jest.useRealTimers();
    }
  });

  test("come at once again after a rush", async () => {
    jest.useFakeTimers();
    try {
      const door = concurrencyLimiter(1);
      while (door.paceRejection() === undefined);
      await pass(20);
      await pass(20);
      expect(door.paceRejection()).toBeUndefined();
      expect(jest.getTimerCount()).toBe(1);
      await pass(20);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
