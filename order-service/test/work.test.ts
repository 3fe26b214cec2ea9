import { afterAll, expect, test } from "bun:test";
import { temporaryStorage } from "@platform/shared/testing/running-service";
import { sending, workCounter } from "@platform/shared/testing/work-counter";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import { Registry } from "prom-client";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/index.ts";
import { sqliteOrderStore } from "../src/orders/sqlite-order-store.ts";
import { userDirectory, type UserDirectory } from "../src/user-service/user-directory.ts";
import { userServiceMetrics } from "../src/user-service/metrics.ts";
import { usersAll, wish } from "./order-service.ts";

const work = workCounter();
const { storage, ...database } = await temporaryStorage(migrations);
afterAll(() => {
  work[Symbol.dispose]();
  return database[Symbol.asyncDispose]();
});

const appWith = (users: UserDirectory) =>
  createApp({ ...work.parts(storage), orders: sqliteOrderStore(storage), users });

test("a hundred orders that come at once ask user-service once", async () => {
  await using userService = await startUserService();
  const { id: user_id } = await createUser(userService);
  const registry = new Registry();
  const { logger } = work;
  const metrics = userServiceMetrics(registry);
  const app = appWith(userDirectory({ url: userService.url, timeoutMs: 60_000, logger, metrics }));

  const order = sending("POST", { ...wish, user_id });
  const { statuses } = await work.of(app, 100, "/orders", order);
  expect(statuses).toEqual([201]);
  expect(await registry.metrics()).toMatch(/^external_service_duration_seconds_count\S* 1$/m);
});

test("a thousand orders that come at once are few commits of three statements each", async () => {
  const app = appWith(usersAll("exists"));
  const { statuses, statements, logLines } = await work.of(
    app,
    1000,
    "/orders",
    sending("POST", wish),
  );
  expect(statuses).toEqual([201]);
  expect(logLines).toBe(1000);
  // A commit has up to 256 writes, for which it waits no longer than 2 ms; around it are three more.
  const commits = (statements - 3 * 1000) / 3;
  expect(commits).toBeGreaterThanOrEqual(4);
  expect(commits).toBeLessThan(50);
});

test("an order is found by one statement for itself and one for its items", async () => {
  const app = appWith(usersAll("exists"));
  const store = sqliteOrderStore(storage);
  const lines = [{ sku: "KB-87", quantity: 2, unitPriceCents: 1999 }];
  const { id } = await store.place({ userId: wish.user_id, lines });
  const { statuses, statements } = await work.of(app, 100, `/orders/${id}`);
  expect(statuses).toEqual([200]);
  // One transaction for all that is read in a turn.
  expect(statements).toBe(100 * 2 + 2);
});
