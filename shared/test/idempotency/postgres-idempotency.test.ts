import { describe, expect, test } from "bun:test";
import { StorageUnavailable } from "../../src/core/storage.ts";
import { keyClock, type KeyClock } from "../../src/idempotency/key-clock.ts";
import { postgresIdempotency } from "../../src/idempotency/postgres-idempotency.ts";
import type { PostgresStorage } from "../../src/postgres/postgres-storage.ts";
import { hasPostgres } from "../../testing/postgres.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryPostgres } from "../postgres/temporary-postgres.ts";

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

const hourMs = 3_600_000;

const keyTable = `
  CREATE TABLE idempotency_keys (
    key text COLLATE "C" NOT NULL PRIMARY KEY, fingerprint text, token uuid NOT NULL,
    lease_until bigint NOT NULL, resource_id uuid, created_at bigint NOT NULL
  )`;

/** Completed keys on a server whose clock a test steps, as it steps the clocks of replicas. */
async function steppedServer() {
  await using stack = new AsyncDisposableStack();
  const it = stack.use(await temporaryPostgres());
  const [{ name } = { name: "" }] = await it.admin<{ name: string }[]>`
    SELECT current_database() AS name`;
  // Statements of the storage find this function before the server's own.
  await it.admin.unsafe(`
    CREATE SCHEMA stepped;
    CREATE TABLE stepped.step (hours int NOT NULL);
    INSERT INTO stepped.step VALUES (0);
    CREATE FUNCTION stepped.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
      'SELECT pg_catalog.clock_timestamp() + hours * interval ''1 h'' FROM stepped.step';
    ALTER DATABASE ${name} SET search_path = stepped, public, pg_catalog`);
  const storage = await it.open({ migrations: [keyTable] });
  const owned = stack.move();
  return {
    /** Sets the server's clock off by so many hours. */
    step: (hours: number) => it.admin`UPDATE stepped.step SET hours = ${hours}`,
    /** The keys of a process that starts now. */
    replica(clock?: KeyClock) {
      const { keys } = postgresIdempotency(storage, (id) => Promise.resolve(id), clock);
      return {
        keys,
        /** Claims the key `k`, and completes it. */
        async complete() {
          expect(await keys.claim("k", "fingerprint")).toMatchObject({ outcome: "claimed" });
          await it.admin`UPDATE stepped.idempotency_keys SET resource_id = gen_random_uuid()`;
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The clocks of a replica's machine: `set` can be set, `elapsed` counts on. */
function machine() {
  const times = { set: Date.now(), elapsed: 7 };
  const start = () => keyClock(() => times.set, { now: () => times.elapsed });
  return { times, start };
}

describe.if(hasPostgres)("forgetKeys() on PostgreSQL keeps a key", () => {
  test("after the server's clock was set forward, also on a replica that starts then", async () => {
    await using server = await steppedServer();
    const { keys, complete } = server.replica();
    await complete();
    await server.step(26);
    expect(await keys.forgetKeys(25 * hourMs, 10)).toBe(0);
    expect(await server.replica().keys.forgetKeys(25 * hourMs, 10)).toBe(0);
    expect(await keys.claim("k", "fingerprint")).toMatchObject({ outcome: "completed" });
  });

  test("after the clocks of the server and of the replica were set forward together", async () => {
    await using server = await steppedServer();
    const { times, start } = machine();
    const { keys, complete } = server.replica(start());
    await complete();
    await server.step(26);
    times.set += 26 * hourMs;
    expect(await keys.forgetKeys(25 * hourMs, 10)).toBe(0);
  });

  test("that was claimed while the server's clock was behind", async () => {
    await using server = await steppedServer();
    await server.step(-26);
    const { keys, complete } = server.replica();
    await complete();
    await server.step(0);
    expect(await keys.forgetKeys(25 * hourMs, 10)).toBe(0);
  });

  test("on a replica whose clock is ahead", async () => {
    await using server = await steppedServer();
    const { complete } = server.replica();
    await complete();
    const { times, start } = machine();
    times.set += 26 * hourMs;
    expect(await server.replica(start()).keys.forgetKeys(25 * hourMs, 10)).toBe(0);
  });

  test("until it is old enough by all clocks", async () => {
    await using server = await steppedServer();
    const { times, start } = machine();
    const { keys, complete } = server.replica(start());
    await complete();
    await server.step(26);
    times.set += 26 * hourMs;
    times.elapsed += 26 * hourMs;
    expect(await keys.forgetKeys(25 * hourMs, 10)).toBe(1);
  });
});
