import { expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { postgresIdempotency } from "../../src/idempotency/postgres-idempotency.ts";
import type { PostgresStorage } from "../../src/postgres/postgres-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

/** A storage each of whose statements does what the next of `outcomes` says. */
function storageWith(...outcomes: readonly (object[] | Error)[]) {
  const over = Promise.withResolvers<void>();
  let statements = 0;
  async function write<Row>(): Promise<Row[]> {
    const outcome = outcomes[statements++] ?? [];
    if (statements === outcomes.length) over.resolve();
    if (outcome instanceof Error) throw outcome;
    // The outcomes are rows of the statements that the test runs into.
    return outcome as Row[];
  }
  const unused = () => Promise.reject(new Error("The test has no use for it"));
  const storage: PostgresStorage = {
    migrated: Promise.resolve({ from: 0, to: 0, durationMs: 0 }),
    read: unused,
    write,
    ping: unused,
    watchQueue: () => undefined,
    writeQueued: undefined,
    secret: () => new Uint8Array(),
    close: unused,
  };
  return { storage, over: over.promise, statements: () => statements };
}

test("release() frees the key as soon as a server that is away is back", async () => {
  const away = new StorageUnavailable("unreachable");
  const claimed = [{ outcome: "claimed", resource_id: null }];
  const { storage, over } = storageWith(claimed, away, away, []);
  const { keys } = postgresIdempotency(storage, () => Promise.resolve(undefined));
  const result = await keys.claim("key", "fingerprint");
  if (result.outcome !== "claimed") throw new Error(`The key is ${result.outcome}`);
  expect(await rejectionOf(keys.release(result.claim))).toBe(away);
  await over;
});

test("release() of a storage that is closed is not repeated", async () => {
  const closed = new Error("Cannot use the storage: it is closed");
  const claimed = [{ outcome: "claimed", resource_id: null }];
  const away = new StorageUnavailable("unreachable");
  const { storage, over, statements } = storageWith(claimed, away, closed);
  const { keys } = postgresIdempotency(storage, () => Promise.resolve(undefined));
  const result = await keys.claim("key", "fingerprint");
  if (result.outcome !== "claimed") throw new Error(`The key is ${result.outcome}`);
  await rejectionOf(keys.release(result.claim));
  await over;
  expect(statements()).toBe(3);
});

test("claim() of one key by many requests at once takes one statement, and one of them holds the key", async () => {
  const { storage, statements } = storageWith([{ outcome: "claimed", resource_id: null }]);
  const { keys } = postgresIdempotency(storage, () => Promise.resolve(undefined));
  const claims = Array.from({ length: 30 }, () => keys.claim("key", "fingerprint"));
  const outcomes = (await Promise.all(claims)).map(({ outcome }) => outcome);
  expect(outcomes.toSorted()).toEqual(["claimed", ...Array(29).fill("in-progress")]);
  expect(statements()).toBe(1);
});
