// What every store of idempotency keys does, whichever engine is behind it.
import { describe, expect, spyOn, test } from "bun:test";
import { ClaimLost, type Claim, type IdempotencyKeys } from "../src/idempotency/claim.ts";
import { rejectionOf } from "./rejection-of.ts";

const hourMs = 3_600_000;

/** A store of resources `T`. */
interface ResourceStore<T> extends IdempotencyKeys<T> {
  /** Stores a resource. @param n default: 0; no two resources have the same number */
  create(claim: Claim, n?: number): Promise<T>;
  /** The number of resources stored. */
  count(): Promise<number>;
}

/** An empty store, and a second one on the same data, as another replica has it. */
interface Replicas<T> extends AsyncDisposable {
  readonly store: ResourceStore<T>;
  readonly replica: ResourceStore<T>;
  /** Sets the clock that both judge keys by forward, or back by a negative number. */
  setClock(byMs: number): Promise<void>;
  /** A third store, of a process that starts now. */
  start(): Promise<ResourceStore<T>>;
}

async function claimed<T>(store: IdempotencyKeys<T>, key = "k", fingerprint = "f"): Promise<Claim> {
  const result = await store.claim(key, fingerprint);
  if (result.outcome !== "claimed") throw new Error(`Not claimed: ${result.outcome}`);
  return result.claim;
}

/** Tests the keys of a service's store. */
export function testIdempotencyKeys<T>(engine: string, open: () => Promise<Replicas<T>>): void {
  describe(`IdempotencyKeys in ${engine}`, () => {
    test("claim() grants a key to the first request, on whichever replica", async () => {
      await using stores = await open();
      const claim = await claimed(stores.store);
      expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "in-progress" });
      expect(await stores.replica.claim("k", "other")).toEqual({ outcome: "reused" });
      await stores.store.release(claim);
      await stores.replica.release(await claimed(stores.replica));
    });

    test("claim() returns the resource of a completed key, on every replica", async () => {
      await using stores = await open();
      const result = await stores.store.create(await claimed(stores.store));
      expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "completed", result });
      expect(await stores.replica.claim("k", "other")).toEqual({ outcome: "reused" });
    });

    test("claim() grants one of many claims at once", async () => {
      await using stores = await open();
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 ? stores.store : stores.replica).claim("k", "f"),
        ),
      );
      const granted = results.filter((result) => result.outcome === "claimed");
      expect(granted).toHaveLength(1);
      for (const { claim } of granted) {
        await stores.store.release(claim);
        await stores.replica.release(claim);
      }
    });

    test("claim() grants the key of a dead process within ten seconds", async () => {
      await using stores = await open();
      const dead = await claimed(stores.store);
      await stores.setClock(7000);
      expect(await stores.replica.claim("k", "f")).toEqual({ outcome: "in-progress" });
      await stores.setClock(3000);
      const claim = await claimed(stores.replica, "k", "other");
      // The process was not dead but stopped, and goes on: its claim is lost.
      expect(await rejectionOf(stores.store.create(dead))).toBeInstanceOf(ClaimLost);
      await stores.replica.create(claim);
      // Not the error of a duplicate: the client's own key may have created the resource.
      expect(await rejectionOf(stores.store.create(dead))).toBeInstanceOf(ClaimLost);
      await stores.store.release(dead);
      expect(await stores.store.claim("k", "other")).toMatchObject({ outcome: "completed" });
      expect(await stores.store.count()).toBe(1);
    });

    test("a creation ends the renewal of its claim, also of one that was lost", async () => {
      await using stores = await open();
      const [made, ended] = [spyOn(globalThis, "setInterval"), spyOn(globalThis, "clearInterval")];
      try {
        const renewals = () => {
          const over: readonly unknown[] = ended.mock.calls.map(([timer]) => timer);
          return made.mock.results.filter(({ value }) => !over.includes(value)).length;
        };
        const lost = await claimed(stores.store, "lost");
        await stores.setClock(10_000);
        const taken = await claimed(stores.replica, "lost");
        expect(renewals()).toBe(2);
        expect(await rejectionOf(stores.store.create(lost))).toBeInstanceOf(ClaimLost);
        expect(renewals()).toBe(1);
        await stores.replica.create(taken);
        expect(renewals()).toBe(0);
      } finally {
        made.mockRestore();
        ended.mockRestore();
      }
    });

    test("claim() grants the key of a dead process although the clock was set back", async () => {
      await using stores = await open();
      const dead = await claimed(stores.store);
      await stores.setClock(-3_600_000);
      await stores.replica.release(await claimed(stores.replica));
      await stores.store.release(dead);
    });

    test("forgetKeys() deletes old keys, a few at a time, and keeps their resources", async () => {
      await using stores = await open();
      for (const [n, key] of ["a", "b", "c"].entries()) {
        await stores.store.create(await claimed(stores.store, key), n);
        await stores.setClock(hourMs);
      }
      const started = await stores.start();
      expect(await started.forgetKeys(4 * hourMs, 10)).toBe(0);
      expect(await started.forgetKeys(1.5 * hourMs, 1)).toBe(1);
      expect(await started.forgetKeys(1.5 * hourMs, 10)).toBe(1);
      expect(await stores.store.claim("c", "f")).toMatchObject({ outcome: "completed" });
      await stores.store.release(await claimed(stores.store, "a"));
      expect(await stores.store.count()).toBe(3);
    });
  });
}
