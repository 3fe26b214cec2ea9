import { afterEach, describe, expect, jest, test } from "bun:test";
import { issuerKeys } from "../../src/auth/issuer-keys.ts";
import type { KeySet } from "../../src/auth/key-set.ts";
import { issuerKey } from "../../testing/test-issuer.ts";

const keyA = (await issuerKey("ES256")).published;
const keyB = (await issuerKey("ES256")).published;
const [a = "", b = ""] = [keyA.kid, keyB.kid];

/** Keys whose source does what a test tells it to, and a clock that only the test moves. */
function startKeys({ maxAgeMs = 49_000 } = {}) {
  const clock = { ms: 1_000_000 };
  const state = {
    answer: () => Promise.resolve(JSON.stringify({ keys: [keyA] })),
    reads: 0,
    recoveries: 0,
  };
  const changes: KeySet[] = [];
  const failures: boolean[] = [];
  const keys = issuerKeys({
    source: {
      name: "test",
      maxAgeMs,
      async read() {
        state.reads += 1;
        return Buffer.from(await state.answer());
      },
    },
    changed: (set) => void changes.push(set),
    failed: (_, hasKeys) => void failures.push(hasKeys),
    recovered: () => void (state.recoveries += 1),
    now: () => clock.ms,
  });
  const { signal } = new AbortController();
  return {
    keys,
    clock,
    changes,
    failures,
    publish: (...published: object[]) => {
      const text = JSON.stringify({ keys: published });
      state.answer = () => Promise.resolve(text);
    },
    answer: (next: () => Promise<string>) => void (state.answer = next),
    reads: () => state.reads,
    recoveries: () => state.recoveries,
    /** What the service does every 5 s. */
    check: () => keys.job.run(signal),
    /** What a token with this key id finds: `ok` or why not. */
    async find(keyId?: string) {
      const found = await keys.setFor(keyId);
      return typeof found === "string" ? found : "ok";
    },
  };
}

const refuse = () => Promise.reject(new Error("refused"));

describe("issuerKeys(): while all is well", () => {
  test("a known key is found at once, without a fetch", async () => {
    const { keys, check, reads } = startKeys();
    await check();
    expect(keys.setFor(a)).toHaveProperty("keyFor");
    expect(keys.setFor(undefined)).toHaveProperty("keyFor");
    expect(reads()).toBe(1);
  });

  test("a withdrawn key is out within a minute", async () => {
    const { clock, find, check, publish, changes } = startKeys();
    await check();
    publish(keyB);
    for (let seconds = 0; seconds < 50; seconds += 5) {
      clock.ms += 5000;
      await check();
    }
    expect(await find(b)).toBe("ok");
    expect(await find(a)).toBe("unknown-key");
    expect(changes.map(({ keyIds }) => [...keyIds])).toEqual([[a], [b]]);
  });

  test("the provider is asked about once a minute, and a file at every check", async () => {
    const fetched = startKeys();
    const read = startKeys({ maxAgeMs: 0 });
    for (let looks = 0; looks < 60; looks += 1) {
      for (const each of [fetched, read]) {
        await each.check();
        each.clock.ms += 5000;
      }
    }
    expect(fetched.reads()).toBe(6);
    expect(read.reads()).toBe(60);
  });

  test("verified tokens are kept where the set is the same in other words", async () => {
    const { changes, clock, check, publish } = startKeys();
    await check();
    publish({ ...keyA, x5t: "new" });
    clock.ms += 50_000;
    await check();
    expect(changes).toHaveLength(1);
  });
});

describe("issuerKeys(): an unknown key", () => {
  test("is fetched at once", async () => {
    const { find, check, publish, reads } = startKeys();
    await check();
    publish(keyA, keyB);
    expect(await find(b)).toBe("ok");
    expect(reads()).toBe(2);
  });

  test("fetches at most twice in 30 s, however many tokens forge one", async () => {
    const { clock, find, check, reads } = startKeys();
    await check();
    const forge = async () => {
      for (let n = 0; n < 20; n += 1) expect(await find(`forged ${n}`)).toBe("unknown-key");
    };
    await forge();
    expect(reads()).toBe(3);
    clock.ms += 29_999;
    await forge();
    expect(reads()).toBe(3);
    clock.ms += 1;
    await forge();
    expect(reads()).toBe(5);
  });

  test("shares one fetch with all that ask for it meanwhile", async () => {
    const { find, check, answer, reads } = startKeys();
    await check();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    const finding = Array.from({ length: 50 }, () => find(b));
    expect(await find(a)).toBe("ok");
    held.resolve(JSON.stringify({ keys: [keyA, keyB] }));
    expect(new Set(await Promise.all(finding))).toEqual(new Set(["ok"]));
    expect(reads()).toBe(2);
  });

  test("keeps no more than 100 requests waiting, so that forged ones do not fill the service", async () => {
    const { find, check, answer } = startKeys();
    await check();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    const waiting = Array.from({ length: 100 }, () => find("forged"));
    expect(await find("forged")).toBe("unknown-key");
    held.reject(new Error("refused"));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["unknown-key"]));
  });
});

describe("issuerKeys(): a provider that fails", () => {
  afterEach(() => void jest.useRealTimers());

  test("holds a request up for 3 s at most, and is cut then", async () => {
    jest.useFakeTimers();
    let signal: AbortSignal | undefined;
    const keys = issuerKeys({
      source: {
        name: "test",
        maxAgeMs: 0,
        read(given) {
          signal = given;
          return new Promise(() => undefined);
        },
      },
      changed: () => undefined,
      failed: () => undefined,
      recovered: () => undefined,
    });
    const finding = keys.setFor(a);
    jest.advanceTimersByTime(2999);
    await Promise.resolve();
    expect(signal?.aborted).toBe(false);
    jest.advanceTimersByTime(1);
    expect(await finding).toBe("no-keys");
    expect(signal?.aborted).toBe(true);
  });

  test("fails a request with the fetch that is under way, where there is no set", async () => {
    const { answer, clock, find, check, reads } = startKeys();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    const checking = check();
    const finding = find(b);
    clock.ms += 3000;
    held.reject(new Error("timed out"));
    await checking;
    expect(await finding).toBe("no-keys");
    expect(reads()).toBe(1);
  });

  test("refuses no token of a new key, though the fetch under way fails, once it is well again", async () => {
    const { answer, clock, find, check, publish } = startKeys();
    await check();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    clock.ms += 50_000;
    const checking = check();
    const finding = find(b);
    publish(keyA, keyB);
    held.reject(new Error("timed out"));
    await checking;
    expect(await finding).toBe("ok");
  });

  test("is not told as a failure where the service stops meanwhile", async () => {
    const { answer, failures, keys } = startKeys();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    const stop = new AbortController();
    const looking = keys.job.run(stop.signal);
    stop.abort();
    held.reject(new Error("aborted"));
    await looking;
    expect(failures).toEqual([]);
  });

  test.each<[string, () => Promise<string>]>([
    ["refuses", refuse],
    ["sends a page", () => Promise.resolve("<html>")],
    ["sends no key", () => Promise.resolve('{"keys":[]}')],
  ])("leaves the known keys in use for 24 h where it %s", async (_, fail) => {
    const { answer, clock, failures, find, check } = startKeys();
    await check();
    answer(fail);
    clock.ms += 24 * 60 * 60 * 1000 - 1;
    await check();
    expect(await find(a)).toBe("ok");
    clock.ms += 1;
    expect(await find(a)).toBe("no-keys");
    clock.ms += 1000;
    expect(await find(a)).toBe("no-keys");
    expect(failures).toEqual([true, false]);
  });

  test("is asked at every check until it is well again", async () => {
    const { answer, clock, find, check, publish, reads, recoveries } = startKeys();
    await check();
    answer(refuse);
    clock.ms += 50_000;
    await check();
    expect(recoveries()).toBe(0);
    publish(keyB);
    clock.ms += 5000;
    await check();
    expect(reads()).toBe(3);
    expect(recoveries()).toBe(1);
    expect(await find(b)).toBe("ok");
  });

  test("never makes a request with a known key wait", async () => {
    const { answer, clock, find, check } = startKeys();
    await check();
    const held = Promise.withResolvers<string>();
    answer(() => held.promise);
    clock.ms += 50_000;
    const looking = check();
    expect(await find(a)).toBe("ok");
    held.reject(new Error("refused"));
    await looking;
    expect(await find(a)).toBe("ok");
  });

  test("is asked by requests at most once a second while there are no keys", async () => {
    const { answer, clock, find, reads, publish } = startKeys();
    answer(refuse);
    expect(await find(a)).toBe("no-keys");
    expect(await find(a)).toBe("no-keys");
    clock.ms += 999;
    expect(await find(a)).toBe("no-keys");
    expect(reads()).toBe(1);
    publish(keyA);
    clock.ms += 1;
    expect(await find(a)).toBe("ok");
    expect(reads()).toBe(2);
  });
});
