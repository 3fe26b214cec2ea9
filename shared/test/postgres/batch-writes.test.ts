import { SQL } from "bun";
import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { batchWrites, type BatchOptions } from "../../src/postgres/batch-writes.ts";
import { ValueRefused } from "../../src/postgres/errors.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

/** Batches of words; each call of `write` waits for {@link next}, and then does what that says. */
function words(options: Partial<Pick<BatchOptions<string, string>, "maxWaitMs" | "storage">> = {}) {
  const batches: string[][] = [];
  const pending: PromiseWithResolvers<void>[] = [];
  const waits: (readonly number[])[] = [];
  let queueLength = () => 0;
  const write = batchWrites<string, string>({
    ...options,
    storage: {
      watchQueue: (length) => void (queueLength = length),
      writeQueued: options.storage?.writeQueued,
    },
    keyOf: (word) => word.toLowerCase(),
    async write(items, queuedAt) {
      const now = performance.now();
      waits.push(queuedAt.map((at) => now - at));
      batches.push([...items]);
      const turn = Promise.withResolvers<void>();
      pending.push(turn);
      await turn.promise;
      return items.map((item) => `${item}!`);
    },
  });
  return {
    write,
    batches,
    waits,
    queueLength: () => queueLength(),
    /** Settles the statement under way, and lets the next begin. */
    async next(error?: Error) {
      const turn = pending.shift();
      if (error) turn?.reject(error);
      else turn?.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** How a write rejects that has waited too long for a lock. */
function lockTimeout(): Error {
  const options = { errno: "55P03", code: "ERR_POSTGRES_SERVER_ERROR" };
  const cause = new SQL.PostgresError("canceling statement due to lock timeout", options);
  return new StorageUnavailable("busy", { cause });
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setImmediate(resolve));
}

describe("batchWrites()", () => {
  test("writes a lone caller's item at once", async () => {
    const { write, batches, next } = words();
    const written = write("a");
    expect(batches).toEqual([["a"]]);
    await next();
    expect(await written).toBe("a!");
  });

  test("tells how many items wait, and for how long each item of a statement has waited", async () => {
    const { write, next, waits, queueLength } = words();
    const first = write("a");
    const others = ["b", "c"].map((word) => write(word));
    expect(queueLength()).toBe(2);
    await next();
    await next();
    await Promise.all([first, ...others]);
    expect(queueLength()).toBe(0);
    expect(waits.map(({ length }) => length)).toEqual([1, 2]);
    expect(Math.min(...waits.flat())).toBeGreaterThanOrEqual(0);
  });

  test("writes what arrives meanwhile in one statement, sorted, and gives each its own result", async () => {
    const { write, batches, next } = words();
    const results = ["a", "d", "c", "b"].map((word) => write(word));
    await next();
    expect(batches).toEqual([["a"], ["b", "c", "d"]]);
    await next();
    expect(await Promise.all(results)).toEqual(["a!", "d!", "c!", "b!"]);
  });

  test("writes items of one key one after the other", async () => {
    const { write, batches, next } = words();
    const results = ["x", "a", "A", "b"].map((word) => write(word));
    await next();
    await next();
    expect(batches).toEqual([["x"], ["a", "b"], ["A"]]);
    await next();
    expect(await Promise.all(results)).toEqual(["x!", "a!", "A!", "b!"]);
  });

  test("puts no more than 256 items into a statement", async () => {
    const { write, batches, next } = words();
    const results = Array.from({ length: 300 }, (_, n) => write(`w${n}`));
    await next();
    await next();
    expect(batches.map(({ length }) => length)).toEqual([1, 256, 43]);
    await next();
    expect(new Set(await Promise.all(results)).size).toBe(300);
  });

  test("rejects every caller of a failed statement alike, and goes on", async () => {
    const { write, batches, next } = words();
    const [first, ...others] = ["a", "b", "c"].map((word) => write(word));
    await next();
    const rejections = others.map((other) => rejectionOf(other));
    const error = new StorageUnavailable("interrupted");
    await next(error);
    expect(await first).toBe("a!");
    expect(await Promise.all(rejections)).toEqual([error, error]);
    const later = write("d");
    await next();
    expect(await later).toBe("d!");
    expect(batches).toEqual([["a"], ["b", "c"], ["d"]]);
  });

  test("gives the refusal of a value to its caller alone", async () => {
    const { write, batches, next } = words();
    const [first, bad, good] = [write("a"), write("b"), write("c")];
    await next();
    const refused = new ValueRefused("22021", undefined);
    const rejection = rejectionOf(bad);
    await next(refused);
    await next(refused);
    expect(await rejection).toBe(refused);
    await next();
    expect([await first, await good]).toEqual(["a!", "c!"]);
    expect(batches).toEqual([["a"], ["b", "c"], ["b"], ["c"]]);
  });

  test("makes no other caller wait or fail for a lock that one item needs", async () => {
    const { write, batches, next } = words();
    const [first, stuck, free] = [write("a"), write("b"), write("c")];
    await next();
    await next(lockTimeout());
    // The statement of the stuck item is under way.
    expect(batches).toEqual([["a"], ["b", "c"], ["b"], ["c"]]);
    const later = write("d");
    expect(batches.slice(4)).toEqual([["d"]]);
    const rejection = rejectionOf(stuck);
    const error = lockTimeout();
    await next(error);
    expect(await rejection).toBe(error);
    await next();
    await next();
    expect(await Promise.all([first, free, later])).toEqual(["a!", "c!", "d!"]);
  });

  test("writes four at a time of those that a lock has driven out of their batch", async () => {
    const { write, batches, next } = words();
    const written = Array.from("abcdefgh", (word) => write(word));
    await next();
    await next(lockTimeout());
    expect(batches.slice(2)).toEqual([["b"], ["c"], ["d"], ["e"]]);
    await next();
    expect(batches.slice(6)).toEqual([["f"]]);
    for (let n = 0; n < 6; n += 1) await next();
    expect((await Promise.all(written)).join("")).toBe("a!b!c!d!e!f!g!h!");
  });

  test("never puts the item of a key beside another one of that key", async () => {
    const { write, batches, next } = words();
    const [first, second, other] = [write("a"), write("A"), write("b")];
    await until(() => batches.length === 2);
    expect(batches).toEqual([["a"], ["b"]]);
    await next();
    await next();
    await next();
    expect(await Promise.all([first, second, other])).toEqual(["a!", "A!", "b!"]);
    expect(batches[2]).toEqual(["A"]);
  });

  test("rejects as busy what waits too long, while the statement before goes on", async () => {
    const { write, batches, next } = words({ maxWaitMs: 5 });
    const slow = write("a");
    const late = await rejectionOf(write("b"));
    expect(late).toMatchObject({ name: "StorageUnavailable", reason: "busy" });
    await next();
    expect(await slow).toBe("a!");
    expect(batches).toEqual([["a"]]);
  });
});

describe("batchWrites() and the observer of single writes", () => {
  /** What is said of each write, in the order in which they were queued. */
  function observedWords(options: { maxWaitMs?: number } = {}) {
    const settled: unknown[][] = [];
    const storage: BatchOptions<string, string>["storage"] = {
      watchQueue: () => undefined,
      writeQueued(system) {
        const said: unknown[] = [system];
        settled.push(said);
        return (...end) => void said.push(...end);
      },
    };
    return { ...words({ ...options, storage }), settled };
  }

  test("tells of each write when it is stored, and with how many", async () => {
    const { write, next, settled } = observedWords();
    const results = ["a", "b", "c"].map((word) => write(word));
    expect(settled).toEqual(Array(3).fill(["postgresql"]));
    await next();
    await next();
    await Promise.all(results);
    expect(settled).toEqual([
      ["postgresql", 1],
      ["postgresql", 2],
      ["postgresql", 2],
    ]);
  });

  test("tells once of a write that is tried again alone", async () => {
    const { write, next, settled } = observedWords();
    const [, bad, good] = [write("a"), write("b"), write("c")];
    const refused = new ValueRefused("22021", undefined);
    const rejection = rejectionOf(bad);
    await next();
    await next(refused);
    await next(refused);
    await next();
    await Promise.all([rejection, good]);
    expect(settled).toEqual([
      ["postgresql", 1],
      ["postgresql", 0, refused],
      ["postgresql", 1],
    ]);
  });

  test("tells of a write that waits too long", async () => {
    const { write, settled } = observedWords({ maxWaitMs: 5 });
    void write("a");
    const late = await rejectionOf(write("b"));
    expect(settled).toEqual([["postgresql"], ["postgresql", 0, late]]);
  });
});
