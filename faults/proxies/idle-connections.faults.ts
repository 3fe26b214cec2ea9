// Connections that a proxy keeps while no request comes, over a network on which a close takes time to arrive.
import { expect } from "bun:test";
import { newUser, sending } from "../support/platform/resources.ts";
import { amount } from "../support/scale.ts";
import { publish } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";
import { slowNetwork } from "./slow-network.ts";

const rounds = amount({ full: 20, fast: 4 });

/** How long nginx keeps an idle connection in this test, and how much sooner or later requests come. */
const [keptMs, spreadMs] = [2000, 300];

testWith(
  "nginx",
  "POST /users is not lost if the service keeps idle connections longer",
  async () => {
    await using stack = new AsyncDisposableStack();
    const published = await publish("nginx", {
      users: { IDLE_TIMEOUT_SECONDS: "5" },
      usersPort: async ({ users }) => stack.use(await slowNetwork(users.port, 50)).port,
      changes: { "keepalive_timeout 60s": `keepalive_timeout ${keptMs}ms` },
    });
    const { proxy } = stack.use(published);
    const statuses: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, client) => {
        for (let round = 0; round < rounds; round += 1) {
          const user = sending("POST", newUser(client * rounds + round));
          statuses.push((await proxy.fetch("/users", user)).status);
          await Bun.sleep(keptMs - spreadMs + Math.random() * 2 * spreadMs);
        }
      }),
    );
    expect(statuses.filter((status) => status !== 201)).toEqual([]);
    expect(statuses).toHaveLength(20 * rounds);
  },
);
