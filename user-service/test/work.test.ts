import { afterAll, expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { sending, workCounter } from "@platform/shared/testing/work-counter";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/index.ts";
import { sqliteUserStore } from "../src/users/sqlite-user-store.ts";

const work = workCounter();
const database = await temporaryStorage(migrations);
afterAll(() => {
  work[Symbol.dispose]();
  return database[Symbol.asyncDispose]();
});

const users = sqliteUserStore(database.storage);
const app = createApp({ ...work.parts(database.storage), users });
const alice = await users.create({ name: "Alice", email: "alice@example.com" });

test("a user is found by one statement, and all who are asked for in one turn in one transaction", async () => {
  const { statuses, statements, logLines } = await work.of(app, 100, `/users/${alice.id}`);
  expect(statuses).toEqual([200]);
  expect(statements).toBe(100 + 2);
  expect(logLines).toBe(100);
});

test("a page is one statement, however long it is", async () => {
  const { statuses, statements } = await work.of(app, 1, "/users?limit=1000");
  expect(statuses).toEqual([200]);
  expect(statements).toBe(1 + 2);
});

test("a user is made by one statement, and one who is renamed is read and written", async () => {
  const bob = { name: "Bob", email: "bob@example.com" };
  const made = await work.of(app, 1, "/users", sending("POST", bob));
  expect(made.statuses).toEqual([201]);
  // Around it: the begin, a look for other writers, the commit.
  expect(made.statements).toBe(1 + 3);

  const renamed = await work.of(app, 1, `/users/${alice.id}`, sending("PATCH", { name: "Alicia" }));
  expect(renamed.statuses).toEqual([200]);
  expect(renamed.statements).toBe(2 + 3);
});
