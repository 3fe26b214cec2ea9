import { afterAll, expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/temporary-storage";
import { sending, workCounter } from "@platform/shared/testing/work-counter";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/sqlite/index.ts";
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

test("GET /users/{id} takes one statement each, and one transaction for a hundred at once", async () => {
  const { statuses, statements, logLines } = await work.of(app, 100, `/users/${alice.id}`);
  expect(statuses).toEqual([200]);
  expect(statements).toBe(100 + 2);
  expect(logLines).toBe(100);
});

test("GET /users takes one statement, however long the page is", async () => {
  const { statuses, statements } = await work.of(app, 1, "/users?limit=1000");
  expect(statuses).toEqual([200]);
  expect(statements).toBe(1 + 2);
});

test("POST /users takes one statement, and PATCH /users/{id} a read and a write", async () => {
  const bob = { name: "Bob", email: "bob@example.com" };
  const made = await work.of(app, 1, "/users", sending("POST", bob));
  expect(made.statuses).toEqual([201]);
  // Around it: the begin, a look for other writers, the commit.
  expect(made.statements).toBe(1 + 3);

  const renamed = await work.of(app, 1, `/users/${alice.id}`, sending("PATCH", { name: "Alicia" }));
  expect(renamed.statuses).toEqual([200]);
  expect(renamed.statements).toBe(2 + 3);
});
