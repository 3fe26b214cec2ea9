// How much work a request is, counted: not timed, so it holds on a busy machine.
import { afterAll, describe, expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/temporary-storage";
import { sending, workCounter } from "@platform/shared/testing/work-counter";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/sqlite/index.ts";
import { sqliteOrderStore } from "../src/orders/sqlite-order-store.ts";
import type { UserDirectory } from "../src/user-service/user-directory.ts";
import { directoryOn, timedAttempts } from "./fake-user-service.ts";
import { usersAll, wish } from "./order-service.ts";

const work = workCounter();
const { storage, ...database } = await temporaryStorage(migrations);
afterAll(() => {
  work[Symbol.dispose]();
  return database[Symbol.asyncDispose]();
});

const appWith = (users: UserDirectory) =>
  createApp({ ...work.parts(storage), orders: sqliteOrderStore(storage), users });

describe("POST /orders", () => {
  test("asks user-service once for a hundred requests at once", async () => {
    await using userService = await startUserService();
    const { id: user_id } = await createUser(userService);
    const { users, metric } = directoryOn(fetch, { url: userService.url });
    const order = sending("POST", { ...wish, user_id });
    const { statuses } = await work.of(appWith(users), 100, "/orders", order);
    expect(statuses).toEqual([201]);
    expect(await metric(timedAttempts)).toBe(1);
  });

  test("takes few commits and three statements each for a thousand requests at once", async () => {
    const app = appWith(usersAll("exists"));
    const order = sending("POST", wish);
    const { statuses, statements, logLines } = await work.of(app, 1000, "/orders", order);
    expect(statuses).toEqual([201]);
    expect(logLines).toBe(1000);
    // A commit has up to 256 writes, for which it waits at most 2 ms; around it are three statements.
    const commits = (statements - 3 * 1000) / 3;
    expect(commits).toBeGreaterThanOrEqual(4);
    expect(commits).toBeLessThan(50);
  });
});

describe("GET /orders/{id}", () => {
  test("takes one statement for the order and one for its items", async () => {
    const app = appWith(usersAll("exists"));
    const store = sqliteOrderStore(storage);
    const lines = [{ sku: "KB-87", quantity: 2, unitPriceCents: 1999 }];
    const { id } = await store.place({ userId: wish.user_id, lines });
    const { statuses, statements } = await work.of(app, 100, `/orders/${id}`);
    expect(statuses).toEqual([200]);
    // All reads of one event-loop turn share a transaction: two statements more.
    expect(statements).toBe(100 * 2 + 2);
  });
});
