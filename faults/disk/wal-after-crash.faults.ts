// The WAL that a crash leaves beside its database: every complete transaction in it is kept.
import { expect, test } from "bun:test";
import { cp, rm, stat, truncate } from "node:fs/promises";
import { processTests } from "../../shared/testing/process-tests.ts";
import { fetchClient, listAll } from "../support/clients.ts";
import { checkDatabase } from "../support/database-check.ts";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { crash, expectCleanExit } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";

const { start, run, path } = processTests();

/** The files of a user-service that crashed after it had created so many users, one by one. */
async function crashAfter(count: number) {
  await using users = await start("user-service");
  for (let n = 0; n < count; n += 1) await createUser(users, n);
  await crash(users);
  await cp(path("data"), path("crashed"), { recursive: true });
  const database = path("data/user_service.db");
  return {
    database,
    wal: `${database}-wal`,
    /** Starts user-service again. @returns the numbers of its users, ascending */
    async recovered(): Promise<number[]> {
      await using users = await start("user-service");
      const all = await listAll<{ email: string }>(fetchClient(users.url), "/users?limit=1000");
      expect((await users.fetch("/users", sending("POST", newUser(1000)))).status).toBe(201);
      await expectCleanExit(users);
      checkDatabase(database);
      return all.map(({ email }) => Number(/\d+/.exec(email)?.[0])).toSorted((a, b) => a - b);
    },
    /** Expects that a migration fails. @returns its error text */
    async refusal(): Promise<string> {
      const outcome = await run("user-service", ["migrate"]);
      expect(outcome.status).toBe(1);
      return outcome.stderr;
    },
    /** Restores the files that the crash left. */
    async reset(): Promise<void> {
      await rm(path("data"), { recursive: true });
      await cp(path("crashed"), path("data"), { recursive: true });
    },
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const created = 50;

test("user-service recovers all users from the WAL after a crash, with its index (-shm) and without", async () => {
  const files = await crashAfter(created);
  expect((await stat(files.wal)).size).toBeGreaterThan(0);
  expect(await files.recovered()).toEqual(upTo(created));
  await files.reset();
  await rm(`${files.database}-shm`);
  expect(await files.recovered()).toEqual(upTo(created));
});

test("user-service recovers every transaction before the cut of a truncated WAL", async () => {
  const files = await crashAfter(created);
  const { size } = await stat(files.wal);
  const cuts = amount({ full: 40, fast: 8 });
  let maxRecovered = 0;
  for (let cut = 1; cut <= cuts; cut += 1) {
    await files.reset();
    await truncate(files.wal, Math.floor((size * cut) / (cuts + 1)));
    // The shortest WAL has lost the tables themselves; the start creates them again.
    const found = await files.recovered();
    expect(found).toEqual(upTo(found.length));
    expect(found.length).toBeGreaterThanOrEqual(maxRecovered);
    expect(found.length).toBeLessThan(created);
    maxRecovered = found.length;
  }
  expect(maxRecovered).toBeGreaterThan(created / 2);
});

test("user-service does not discard a WAL whose database is missing or empty", async () => {
  const files = await crashAfter(created);
  for (const lose of [() => rm(files.database), () => truncate(files.database, 0)]) {
    await files.reset();
    await lose();
    expect(await files.refusal()).toMatch(
      /^user-service: Cannot open the database "[^"]+": it is missing or empty, but [^\n]+\n$/,
    );
    expect((await stat(files.wal)).size).toBeGreaterThan(0);
  }
  await files.reset();
  expect(await files.recovered()).toEqual(upTo(created));
});
