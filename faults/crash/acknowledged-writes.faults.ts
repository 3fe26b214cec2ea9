// Processes that die while they write: what was answered stays, and nothing is made twice.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { fetchClient, type Send } from "../support/clients.ts";
import { killAmid, type Work } from "./crash-during-load.ts";
import { OrderBook, type Wish } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/platform.ts";
import { amount } from "../support/scale.ts";
import { checkDatabase, keysWithoutOrder } from "../support/database-check.ts";
import { UserBook } from "../support/platform/user-book.ts";

const rounds = amount({ full: 20, fast: 6 });
const someAnswers = () => 1 + Math.floor(Math.random() * 600);

/** As many callers as write at once, each doing this until there is nobody to ask. */
function callers(act: Work): Work[] {
  return Array.from({ length: 24 }, () => async (send) => {
    for (;;) await act(send);
  });
}

test("no user who was made, renamed or removed is otherwise after a kill", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const database = join(cwd, "data/user_service.db");
  const book = new UserBook();
  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using running = await startExecutable("user-service", { cwd });
    await book.settle(fetchClient(running.url));
    checkDatabase(database);
    const work = callers((send) => book.change(send));
    await killAmid(running, { answers: someAnswers(), work });
    expect(book.open).toBeGreaterThan(0);
    cut += book.open;
  }
  await using running = await startExecutable("user-service", { cwd });
  const stored = await book.settle(fetchClient(running.url));
  running.kill("SIGTERM");
  expect(await running.exited).toBe(0);
  checkDatabase(database);
  console.log(
    `${rounds} kills: ${book.answers} changes bodyOfStatus, ${cut} cut, ${stored} users left`,
  );
});

test("one key makes one order, whenever the service is killed and the request repeated", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const database = join(cwd, "data/order_service.db");
  await using users = await startExecutable("user-service", { cwd });
  const env = { USER_SERVICE_URL: users.url };
  const book = new OrderBook([await createUser(users, 0), await createUser(users, 1)]);

  async function placeAndMoveOn(send: Send): Promise<void> {
    const wish = book.wish();
    await book.place(send, wish);
    book.putBack(wish);
    await book.moveOn(send);
    await book.repeat(send);
  }
  async function retry(send: Send, wish: Wish, gone: Promise<unknown>): Promise<void> {
    do {
      await Promise.race([Bun.sleep(Math.max(0, wish.retryAt - performance.now())), gone]);
    } while (!(await book.place(send, wish)));
    book.putBack(wish);
  }

  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using running = await startExecutable("order-service", { cwd, env });
    await book.settle(fetchClient(running.url));
    checkDatabase(database);
    const retries = book.unplaced.map(
      (wish): Work =>
        (send) =>
          retry(send, wish, running.exited),
    );
    const work = [...callers(placeAndMoveOn), ...retries];
    await killAmid(running, { answers: someAnswers(), work });
    book.lost();
    expect(book.open).toBeGreaterThan(0);
    cut += book.open;
  }
  await using running = await startExecutable("order-service", { cwd, env });
  const send = fetchClient(running.url);
  await book.settle(send);
  const left = book.unplaced.length;
  await Promise.all(book.unplaced.map((wish) => retry(send, wish, running.exited)));
  const stored = await book.settle(send);
  expect(stored).toBe(book.wishes);
  running.kill("SIGTERM");
  expect(await running.exited).toBe(0);
  expect(keysWithoutOrder(database)).toBe(0);
  checkDatabase(database);
  console.log(
    `${rounds} kills: ${book.answers} orders and changes bodyOfStatus, ${cut} cut, ` +
      `${left} keys settled after the last, ${stored} orders for ${book.wishes} keys`,
  );
});
