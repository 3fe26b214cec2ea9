// A write that PostgreSQL has done, and whose answer never arrives: the service cannot know.
import { describe, expect, test } from "bun:test";
import type { Running } from "../../shared/testing/executable.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { createUser, newOrder, newUser, sending } from "../support/platform/resources.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { lossyPath, type LossyPath } from "./lost-answers.ts";

/** Longer than a client waits for any response, with what a busy machine adds. */
const maxResponseMs = 6000;

interface Problem {
  readonly code: string;
  readonly detail: string;
}

/**
 * Sends a request again while it is refused before it has reached the server, as after a write without an
 * answer, when the service looks whether commits wait for a standby.
 */
function untilSent(fetch: Running["fetch"]): Running["fetch"] {
  return async (...request) => {
    for (;;) {
      const sentAt = performance.now();
      const response = await fetch(...request);
      expect(performance.now() - sentAt).toBeLessThan(maxResponseMs);
      if (response.status !== 503) return response;
      const { detail } = (await response.clone().json()) as Partial<Problem>;
      if (detail?.endsWith("may have been stored")) return response;
    }
  };
}

/** Both services, each behind a path, on one session each. */
async function startBehindPaths() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPostgresServer());
  const direct = await createDatabases(server);
  const users = stack.use(await lossyPath(direct.users));
  const orders = stack.use(await lossyPath(direct.orders));
  const env = { DATABASE_POOL_SIZE: "1" };
  const databases = { users: users.url, orders: orders.url };
  const platform = stack.use(await startOnPostgres(databases, { users: env, orders: env }));
  const owned = stack.move();
  const patient = ({ fetch, ...service }: Running) => ({ ...service, fetch: untilSent(fetch) });
  return {
    users: { ...patient(platform.users), path: users },
    orders: { ...patient(platform.orders), path: orders },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Service = Pick<Running, "fetch" | "url"> & { readonly path: LossyPath };

/** Sends a request, loses the answer to its write, and expects that the client is told so. */
async function loseAnswer(
  { path, fetch: send }: Service,
  lost: Omit<Parameters<LossyPath["lose"]>[0], "session">,
  session: "ends" | "is silent",
  ...request: Parameters<Running["fetch"]>
): Promise<void> {
  path.lose({ ...lost, session });
  await send("/ready");
  const response = await send(...request);
  const { code, detail } = (await response.json()) as Problem;
  expect([response.status, response.headers.get("retry-after"), code]).toEqual([
    503,
    "1",
    "storage-unavailable",
  ]);
  expect(detail).toEndWith("may have been stored");
  await path.lost();
}

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json();

const insertion = (table: string) => ({ statement: `INSERT INTO ${table}`, tag: "INSERT 0 1" });
const keyedInsertion = { statement: "completed AS", tag: "SELECT 1" };
const claim = { statement: "granted AS", tag: "SELECT 1" };

const sessionEnds = ["ends", "is silent"] as const;

describe.concurrent.each(sessionEnds)("a lost answer of a session that %s", (session) => {
  test("a write to user-service may have been stored, and its repeat does nothing twice", async () => {
    await using platform = await startBehindPaths();
    const { users } = platform;
    const create = sending("POST", newUser(1));
    await loseAnswer(users, insertion("users"), session, "/users", create);
    const [user] = (await json(users.fetch("/users"))) as { id: string; name: string }[];
    expect(user?.name).toBe(newUser(1).name);
    expect((await users.fetch("/users", create)).status).toBe(409);

    const path = `/users/${user?.id}`;
    const tag = (await users.fetch(path)).headers.get("etag") ?? "";
    const change = sending("PATCH", { name: "Changed" }, { "if-match": tag });
    await loseAnswer(users, { statement: "UPDATE users", tag: "UPDATE 1" }, session, path, change);
    expect(await json(users.fetch(path))).toMatchObject({ name: "Changed" });
    expect((await users.fetch(path, change)).status).toBe(412);

    const remove = { method: "DELETE" };
    await loseAnswer(users, { statement: "DELETE FROM", tag: "DELETE 1" }, session, path, remove);
    expect((await users.fetch(path)).status).toBe(404);
    expect((await users.fetch(path, remove)).status).toBe(404);
    expect(await json(users.fetch("/users"))).toEqual([]);
  });

  test("a keyed create of user-service is replayed to the client that repeats it", async () => {
    await using platform = await startBehindPaths();
    const { users } = platform;
    const create = sending("POST", newUser(1), { "idempotency-key": "k-1" });
    await loseAnswer(users, keyedInsertion, session, "/users", create);
    const stored = (await json(users.fetch("/users"))) as object[];
    expect(stored).toHaveLength(1);
    const repeat = await users.fetch("/users", create);
    expect([repeat.status, repeat.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    expect(await repeat.json()).toEqual(stored[0]);
  });

  test("a claim that may have been stored does not keep the client from its order", async () => {
    await using platform = await startBehindPaths();
    const { users, orders } = platform;
    const order = newOrder(await createUser(users), 1);
    const place = sending("POST", order, { "idempotency-key": "k-1" });
    await loseAnswer(orders, claim, session, "/orders", place);
    let repeat = await orders.fetch("/orders", place);
    while (repeat.status === 409) repeat = await orders.fetch("/orders", place);
    expect(repeat.status).toBe(201);
    expect(await json(orders.fetch("/orders"))).toEqual([await repeat.json()]);
  });

  test("an order may have been stored, and the repeat of a keyed one is the same order", async () => {
    await using platform = await startBehindPaths();
    const { users, orders } = platform;
    const order = newOrder(await createUser(users), 1);
    const place = sending("POST", order, { "idempotency-key": "k-1" });
    await loseAnswer(orders, keyedInsertion, session, "/orders", place);
    const repeat = await orders.fetch("/orders", place);
    expect([repeat.status, repeat.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    const { id } = (await repeat.json()) as { id: string };

    const confirm = sending("PATCH", { status: "confirmed" });
    const update = { statement: "UPDATE orders", tag: "UPDATE 1" };
    await loseAnswer(orders, update, session, `/orders/${id}`, confirm);
    expect(await json(orders.fetch(`/orders/${id}`, confirm))).toMatchObject({
      id,
      status: "confirmed",
    });

    await loseAnswer(orders, insertion("orders"), session, "/orders", sending("POST", order));
    expect(await json(orders.fetch("/orders"))).toHaveLength(2);
  });
});
