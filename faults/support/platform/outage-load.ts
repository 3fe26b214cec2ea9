// Clients of both services that go on while the database is in trouble, and what they were told.
import { repeat, type Load } from "../load.ts";
import { NothingDone } from "../ledger.ts";
import { MaybeDone, nothingSeen, outageClient, type Seen } from "../outage-client.ts";
import { bodyOfStatus, type Send } from "../clients.ts";
import { KeyedUsers } from "./keyed-users.ts";
import { OrderBook } from "./order-book.ts";
import type { PostgresPlatform } from "./postgres-platform.ts";
import type { Probes } from "./probes.ts";
import { createUser } from "./resources.ts";
import { UserBook } from "./user-book.ts";

/** No response takes longer, in ms. */
const maxResponseMs = 5000;

/**
 * What the way through the machine may add, in ms: a second, and as each response takes some turns of
 * both services, three times what `/health` took.
 */
const marginMs = ({ slowestMs }: Pick<Probes, "slowestMs">) => 1000 + 3 * slowestMs;

/** Between a refusal and the next attempt of the same client, in ms: impatient, to see more. */
const pauseMs = 50;

/** Clients at work. */
export interface OutageLoad {
  /** What the clients of each service have seen so far. */
  readonly users: Seen;
  readonly orders: Seen;
  /** Successful writes to both services so far. */
  writes(): number;
  /** Resolves when `isReached`, which is asked after every call. Rejects if a response was wrong. */
  until(isReached: () => boolean): Promise<void>;
  /**
   * Ends the load: repeats each keyed request that was not acknowledged until it is, then compares
   * everything that is stored with all responses.
   *
   * @param probes of the services meanwhile
   * @returns a line that says what was seen
   * @throws Error if an acknowledged write is lost, or done twice, or a refused one done, or if a response
   * was late
   */
  finish(probes: Pick<Probes, "slowestMs">): Promise<string>;
}

/** Whether a request was refused, and not wrongly. @throws any other error */
async function isRefused(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (error instanceof NothingDone || error instanceof MaybeDone) return true;
    throw error;
  }
}

/** Lets so many clients create, change, read and repeat. @param clients of each kind */
export async function startOutageLoad(
  { users, orders }: Pick<PostgresPlatform, "users" | "orders">,
  clients = 3,
): Promise<OutageLoad> {
  const seen = { users: nothingSeen(), orders: nothingSeen() };
  const userSend = outageClient(users, seen.users);
  const orderSend = outageClient(orders, seen.orders);
  const userIds = [await createUser(users, 0), await createUser(users, 1)];
  const userBook = new UserBook();
  const keyedUsers = new KeyedUsers();
  const orderBook = new OrderBook(userIds);
  let keyed = 0;
  let isOver = false;

  async function once(request: Promise<unknown>): Promise<void> {
    if (await isRefused(request)) await Bun.sleep(pauseMs);
  }
  /** Repeats a keyed request until it is acknowledged; while the load runs, and to its end if it has to be. */
  async function persist(request: () => Promise<unknown>, toTheEnd = false): Promise<boolean> {
    while (await isRefused(request())) {
      if (isOver && !toTheEnd) return false;
      await Bun.sleep(pauseMs);
    }
    keyed += 1;
    return true;
  }
  async function read(send: Send, path: string): Promise<void> {
    await once(send("GET", path).then((response) => bodyOfStatus(response, 200)));
  }

  const loads: Load[] = [
    repeat(clients, () => once(userBook.change(userSend))),
    repeat(clients, async () => {
      const planned = keyedUsers.plan();
      if (!(await persist(() => keyedUsers.create(userSend, planned)))) return;
      await once(keyedUsers.repeat(userSend));
    }),
    repeat(clients, async () => {
      const planned = orderBook.plan();
      if (!(await persist(() => orderBook.place(orderSend, planned)))) return;
      orderBook.putBack(planned);
      await once(orderBook.advance(orderSend));
      await once(orderBook.repeat(orderSend));
    }),
    repeat(1, async () => {
      await read(userSend, `/users/${userIds[0]}`);
      await read(userSend, "/users?sort=name&limit=20");
      await read(orderSend, "/orders?status=pending&limit=20");
      await Bun.sleep(5);
    }),
  ];

  return {
    ...seen,
    writes: () => userBook.responses + orderBook.responses + keyed,
    async until(isReached) {
      await Promise.race(loads.map((load) => load.until(isReached)));
    },
    async finish(probes) {
      isOver = true;
      await Promise.all(loads.map((load) => load.stop()));
      await Promise.all([
        ...keyedUsers.uncreated.map((user) =>
          persist(() => keyedUsers.create(userSend, user), true),
        ),
        ...orderBook.unplaced.map((order) =>
          persist(() => orderBook.place(orderSend, order), true),
        ),
      ]);
      const open = userBook.open + orderBook.open;
      const plainUsers = await userBook.settle(userSend);
      const users = plainUsers + (await keyedUsers.settle(userSend));
      const placed = await orderBook.settle(orderSend);
      if (placed !== orderBook.plannedCount) {
        throw new Error(`${placed} orders for ${orderBook.plannedCount} keys`);
      }
      const slowestMs = Math.max(seen.users.slowestMs, seen.orders.slowestMs);
      if (slowestMs > maxResponseMs + marginMs(probes)) {
        throw new Error(`A response took ${slowestMs} ms, and /health at most ${probes.slowestMs}`);
      }
      const told = ({ counts, slowestMs }: Seen) =>
        `${[...counts].map(([what, count]) => `${count} × ${what}`).join(", ")}, ` +
        `the slowest ${Math.round(slowestMs)} ms`;
      return (
        `${users} users and ${placed} orders stored, ${open} changes told as perhaps stored; ` +
        `users: ${told(seen.users)}; orders: ${told(seen.orders)}`
      );
    },
  };
}
