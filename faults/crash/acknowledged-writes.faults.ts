// Services that crash while they write: every acknowledged write is kept, and no request is done twice.
import { expect, test } from "bun:test";
import { processTests } from "../../shared/testing/process-tests.ts";
import { fetchClient, type Send } from "../support/clients.ts";
import { checkDatabase } from "../support/database-check.ts";
import { OrderBook, type PlannedOrder } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { UserBook } from "../support/platform/user-book.ts";
import { amount } from "../support/scale.ts";
import { crashDuringLoad, type Caller } from "./crash-during-load.ts";
import { unfinishedKeys } from "./unfinished-keys.ts";

const { start, path } = processTests();
const rounds = amount({ full: 20, fast: 6 });
const someResponses = () => 1 + Math.floor(Math.random() * 600);

/** 24 callers, each of which repeats the call until the crash. */
function repeating(call: Caller): Caller[] {
  return Array.from({ length: 24 }, () => async (send) => {
    for (;;) await call(send);
  });
}

test("user-service keeps every acknowledged create, rename and delete after a crash", async () => {
  const database = path("data/user_service.db");
  const book = new UserBook();
  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using running = await start("user-service");
    await book.settle(fetchClient(running.url));
    checkDatabase(database);
    const callers = repeating((send) => book.change(send));
    await crashDuringLoad(running, { responses: someResponses(), callers });
    expect(book.open).toBeGreaterThan(0);
    cut += book.open;
  }
  await using running = await start("user-service");
  const stored = await book.settle(fetchClient(running.url));
  await expectCleanExit(running);
  checkDatabase(database);
  console.log(
    `${rounds} crashes: ${book.responses} changes acknowledged, ${cut} cut, ${stored} users left`,
  );
});

test("POST /orders makes one order per key, whenever order-service crashes and clients retry", async () => {
  const database = path("data/order_service.db");
  await using users = await start("user-service");
  const env = { USER_SERVICE_URL: users.url };
  const book = new OrderBook([await createUser(users, 0), await createUser(users, 1)]);

  async function placeAndAdvance(send: Send): Promise<void> {
    const planned = book.plan();
    await book.place(send, planned);
    book.putBack(planned);
    await book.advance(send);
    await book.repeat(send);
  }
  async function retry(send: Send, planned: PlannedOrder, exited: Promise<unknown>): Promise<void> {
    do {
      await Promise.race([Bun.sleep(Math.max(0, planned.retryAt - performance.now())), exited]);
    } while (!(await book.place(send, planned)));
    book.putBack(planned);
  }

  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using running = await start("order-service", env);
    await book.settle(fetchClient(running.url));
    checkDatabase(database);
    const retries = book.unplaced.map(
      (planned): Caller =>
        (send) =>
          retry(send, planned, running.exited),
    );
    const callers = [...repeating(placeAndAdvance), ...retries];
    await crashDuringLoad(running, { responses: someResponses(), callers });
    book.noteCrash();
    expect(book.open).toBeGreaterThan(0);
    cut += book.open;
  }
  await using running = await start("order-service", env);
  const send = fetchClient(running.url);
  await book.settle(send);
  const left = book.unplaced.length;
  await Promise.all(book.unplaced.map((planned) => retry(send, planned, running.exited)));
  const stored = await book.settle(send);
  expect(stored).toBe(book.plannedCount);
  await expectCleanExit(running);
  expect(unfinishedKeys(database, "order_id")).toBe(0);
  checkDatabase(database);
  console.log(
    `${rounds} crashes: ${book.responses} orders and changes acknowledged, ${cut} cut, ` +
      `${left} keys retried after the last, ${stored} orders for ${book.plannedCount} keys`,
  );
});
