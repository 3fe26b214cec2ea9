// A replica that is stopped behind a proxy under load.
import { describe, expect } from "bun:test";
import { startExecutable } from "../../shared/testing/executable.ts";
import { fetchClient, socketClient } from "../support/clients.ts";
import { repeat } from "../support/load.ts";
import { UserBook } from "../support/platform/user-book.ts";
import { publish, publishers } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";

/** Longer than each proxy of the page takes to notice that `/ready` is 503. */
const drain = { SHUTDOWN_DRAIN_MS: "4000" };

// nginx has no active check: it may send a request to the replica as its port closes.
const checking = publishers.filter((program) => program !== "nginx");

describe.concurrent.each(checking)("the page's configuration", (program) => {
  testWith(program, "no client sees a failed request while a replica is stopped", async () => {
    await using stack = new AsyncDisposableStack();
    const published = stack.use(
      await publish(program, {
        users: drain,
        async replicaPort({ folder }) {
          const options = { cwd: folder, env: drain };
          return stack.use(await startExecutable("user-service", options)).port;
        },
      }),
    );
    const { platform, proxy } = published;
    const book = new UserBook();
    let requests = 0;
    const clients = [...Array(8)].flatMap(() => [fetchClient(proxy.url), socketClient(proxy)]);
    const loads = clients.map((send) =>
      repeat(1, async () => {
        await book.change(send);
        requests += 1;
      }),
    );
    const untilMore = (count: number) => {
      const enough = requests + count;
      return loads[0]?.until(() => requests >= enough);
    };
    await untilMore(200);
    platform.users.kill("SIGTERM");
    expect(await platform.users.exited).toBe(0);
    const whileStopping = requests;
    await untilMore(200);
    await Promise.all(loads.map((load) => load.stop()));
    await book.settle(fetchClient(proxy.url));
    console.log(`${program}: ${requests} changes, ${whileStopping} until the replica had stopped`);
  });
});
