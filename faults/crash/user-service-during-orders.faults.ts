// A user-service that dies while orders are placed: they are whole, or not there.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { fetchClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { OrderBook } from "../support/platform/order-book.ts";
import { createUser } from "../support/platform/platform.ts";
import { amount } from "../support/scale.ts";
import { checkDatabase, keysWithoutOrder } from "../support/database-check.ts";

test("a user-service that dies under orders leaves whole orders and nothing else", async () => {
  await using folder = await temporaryFolder();
  const cwd = folder.path;
  const database = join(cwd, "data/order_service.db");
  await using stack = new AsyncDisposableStack();
  let users = stack.use(await startExecutable("user-service", { cwd }));
  const env = { PORT: String(users.port) };
  const book = new OrderBook([await createUser(users, 0), await createUser(users, 1)]);
  const orders = stack.use(
    await startExecutable("order-service", { cwd, env: { USER_SERVICE_URL: users.url } }),
  );
  const send = fetchClient(orders.url);

  let placed = 0;
  let refused = 0;
  let hasFailed = false;
  async function place(n: number): Promise<void> {
    const wish = book.wish();
    while (!(await book.place(send, wish, [502, 503]))) {
      refused += 1;
      await Bun.sleep(wish.retryAt - performance.now());
      // Of those who give up nothing may be stored.
      if (n % 2 === 0) return;
    }
    placed += 1;
  }
  const load = repeat(24, (n) =>
    place(n).catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const until = async (isSo: () => boolean) => {
    while (!isSo() && !hasFailed) await Bun.sleep(5);
  };
  for (let round = 0; round < amount({ full: 6, fast: 2 }); round += 1) {
    const enough = placed + 1 + Math.floor(Math.random() * 600);
    await until(() => placed >= enough);
    users.kill("SIGKILL");
    await users.exited;
    const some = refused + 8;
    await until(() => refused >= some);
    users = stack.use(await startExecutable("user-service", { cwd, env }));
  }
  await load.stop();
  expect(await book.settle(send)).toBe(placed);
  orders.kill("SIGTERM");
  expect(await orders.exited).toBe(0);
  expect(keysWithoutOrder(database)).toBe(0);
  checkDatabase(database);
  console.log(`${placed} orders placed, ${refused} refused while user-service was dead`);
});
