// Clients that create users under idempotency keys while user-service crashes: one user per key.
import { expect, test } from "bun:test";
import { processTests } from "../../shared/testing/process-tests.ts";
import { bodyOfStatus, fetchClient, listAll, type Send } from "../support/clients.ts";
import { checkDatabase } from "../support/database-check.ts";
import { newUser, type User } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { crashDuringLoad, type Caller } from "./crash-during-load.ts";
import { unfinishedKeys } from "./unfinished-keys.ts";

const { start, path } = processTests();
const rounds = amount({ full: 20, fast: 6 });

/** How long the lease of a crashed process may keep a key in progress. */
const maxLeaseMs = 10_000;

/** A user to be created under a key of its own. */
interface PlannedUser {
  readonly body: ReturnType<typeof newUser>;
  /** The body of the first 201. */
  created?: User;
  /** The earliest time of the next attempt. */
  retryAt: number;
}

test("POST /users creates one user per key, whenever user-service crashes and clients retry", async () => {
  const database = path("data/user_service.db");
  const planned: PlannedUser[] = [];
  let crashedAt = -Infinity;

  /** Sends one attempt. @returns whether the user is created */
  async function create(send: Send, user: PlannedUser): Promise<boolean> {
    const { body } = user;
    const sentAt = performance.now();
    const sent = { json: body, headers: { "idempotency-key": body.email } };
    const response = await send("POST", "/users", sent);
    if (response.status === 201) {
      const created = bodyOfStatus(response, 201) as User;
      if (user.created !== undefined) expect(created).toEqual(user.created);
      user.created = created;
      return true;
    }
    const { code } = bodyOfStatus(response, 409) as { code: string };
    // Never "email-taken": the user that has the address is the one that this key created.
    expect(code).toBe("key-in-progress");
    expect(sentAt - crashedAt).toBeLessThanOrEqual(maxLeaseMs);
    user.retryAt = performance.now() + Number(response.headers.get("retry-after")) * 1000;
    return false;
  }
  async function createUntilDone(
    send: Send,
    user: PlannedUser,
    exited: Promise<unknown>,
  ): Promise<void> {
    do await Promise.race([Bun.sleep(Math.max(0, user.retryAt - performance.now())), exited]);
    while (!(await create(send, user)));
  }
  const uncreated = () => planned.filter(({ created }) => created === undefined);

  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    await using running = await start("user-service");
    const newcomers = Array.from({ length: 24 }, (): Caller => async (send) => {
      for (;;) {
        const user: PlannedUser = { body: newUser(planned.length), retryAt: 0 };
        planned.push(user);
        await create(send, user);
      }
    });
    const retries = uncreated().map(
      (user): Caller =>
        (send) =>
          createUntilDone(send, user, running.exited),
    );
    const responses = 1 + Math.floor(Math.random() * 600);
    await crashDuringLoad(running, { responses, callers: [...newcomers, ...retries] });
    crashedAt = performance.now();
    cut += uncreated().length;
    checkDatabase(database);
  }
  await using running = await start("user-service");
  const send = fetchClient(running.url);
  const left = uncreated();
  await Promise.all(left.map((user) => createUntilDone(send, user, running.exited)));
  for (const user of planned) expect(await create(send, user)).toBe(true);
  const stored = await listAll<User>(send, "/users?limit=1000");
  expect(stored).toHaveLength(planned.length);
  await expectCleanExit(running);
  expect(unfinishedKeys(database, "resource_id")).toBe(0);
  checkDatabase(database);
  console.log(
    `${rounds} crashes: ${cut} requests cut, ${left.length} keys retried after the last, ` +
      `${stored.length} users for ${planned.length} keys`,
  );
});
