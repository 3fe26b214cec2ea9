// A user-service that crashes while order-service places orders: each order is complete or absent.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { fetchClient } from "../support/clients.ts";
import { checkDatabase } from "../support/database-check.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/resources.ts";
import { crash, expectCleanExit, startPlatform } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { unfinishedKeys } from "./unfinished-keys.ts";

test("POST /orders leaves complete orders and nothing else when user-service crashes", async () => {
  await using platform = await startPlatform();
  await using stack = new AsyncDisposableStack();
  const { folder: cwd, orders } = platform;
  let { users } = platform;
  const database = join(cwd, "data/order_service.db");
  const env = { PORT: String(users.port) };
  const book = new OrderBook([await createUser(users, 0), await createUser(users, 1)]);
  const send = fetchClient(orders.url);

  let placed = 0;
  let refused = 0;
  const load = repeat(24, async (n) => {
    const planned = book.plan();
    while (!(await book.place(send, planned, [502, 503]))) {
      refused += 1;
      await Bun.sleep(planned.retryAt - performance.now());
      // Every other client gives up, and then nothing of its order may be stored.
      if (n % 2 === 0) return;
    }
    placed += 1;
  });
  for (let round = 0; round < amount({ full: 6, fast: 2 }); round += 1) {
    const enough = placed + 1 + Math.floor(Math.random() * 600);
    await load.until(() => placed >= enough);
    await crash(users);
    const some = refused + 8;
    await load.until(() => refused >= some);
    users = stack.use(await startExecutable("user-service", { cwd, env }));
  }
  await load.stop();
  expect(await book.settle(send)).toBe(placed);
  await expectCleanExit(orders);
  expect(unfinishedKeys(database, "order_id")).toBe(0);
  checkDatabase(database);
  console.log(`${placed} orders placed, ${refused} refused while user-service was down`);
});
