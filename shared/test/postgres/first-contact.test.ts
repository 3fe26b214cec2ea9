import { expect, test } from "bun:test";
import { setImmediate } from "node:timers/promises";
import { StorageOpenError } from "../../src/core/storage.ts";
import { FirstContact } from "../../src/postgres/first-contact.ts";
import { openSession } from "../../src/postgres/open-session.ts";
import { Reachability } from "../../src/postgres/reachability.ts";
import { hasPostgres, postgresDatabase } from "../../testing/postgres.ts";
import { addressOf } from "../../testing/postgres-storage.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { serverPath } from "./server-path.ts";

/** A server that is away: nothing listens on its port. */
const away = {
  ...addressOf("postgres://user:password@127.0.0.1:1/name"),
  serverName: "127.0.0.1",
};

test("FirstContact gives up once the time is over, and says what to do", async () => {
  const contact = new FirstContact({
    sessions: { target: away, usePooler: () => undefined, follow: () => Promise.resolve() },
    reachability: new Reachability({ refusesWrites: false }, undefined),
    name: "name",
    migrations: [],
    maxWaitMs: 0,
    pause: () => Promise.resolve(),
  });
  await contact.begin();
  expect(await rejectionOf(contact.migrated)).toEqual(
    new StorageOpenError("Cannot reach the database name; start its server"),
  );
});

test.if(hasPostgres)(
  "FirstContact ends no migration that is under way when the time is over",
  async () => {
    await using database = await postgresDatabase();
    using path = serverPath(database.url);
    path.close();
    const target = { ...addressOf(path.url), serverName: "127.0.0.1" };
    const contact = new FirstContact({
      sessions: { target, usePooler: () => undefined, follow: () => Promise.resolve() },
      reachability: new Reachability({ refusesWrites: false }, undefined),
      name: "name",
      migrations: ["SELECT pg_sleep(1)"],
      maxWaitMs: 700,
      async pause() {
        path.open();
      },
    });
    await contact.begin();
    expect(await contact.migrated).toMatchObject({ from: 0, to: 1 });
  },
);

test.each([1, 3])(
  "FirstContact makes no other attempt once it was stopped, in the pause after attempt %i",
  async (count) => {
    let attempts = 0;
    const sessions = {
      get target() {
        attempts += 1;
        return away;
      },
      usePooler: () => undefined,
      follow: () => Promise.resolve(),
    };
    const stopped = Promise.withResolvers<void>();
    const contact = new FirstContact({
      sessions,
      reachability: new Reachability({ refusesWrites: false }, undefined),
      name: "name",
      migrations: [],
      async pause() {
        if (attempts < count) return;
        contact.stop();
        stopped.resolve();
      },
    });
    await contact.begin();
    await stopped.promise;
    await setImmediate();
    expect(attempts).toBe(count);
    expect(contact.isMade).toBe(false);
  },
);

test("openSession() opens none for a signal that was aborted before", async () => {
  const reason = new Error("It was stopped");
  expect(await rejectionOf(openSession(away, 1000, AbortSignal.abort(reason)))).toBe(reason);
});
