// What an operator meets, in half a minute: clients' errors, a frozen user-service, an overload, a held
// lock, clients that leave.
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { runCommand, type Running } from "../../shared/testing/executable.ts";
import { repeatTimed } from "../support/load.ts";
import {
  createUser,
  newOrder,
  newUser,
  sending,
  type Order,
} from "../support/platform/resources.ts";
import type { Platform } from "../support/platform/services.ts";
import type { Prometheus } from "./prometheus.ts";

/** Tells when a query has a result. */
export type Watch = Pick<Prometheus, "until">;

type Services = Pick<Platform, "users" | "orders">;

const unknownId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
const pauseMs = 50;

/** Reads a response to its end. @returns its status */
async function statusOf({ fetch }: Running, path: string, init?: RequestInit): Promise<number> {
  const response = await fetch(path, init);
  await response.arrayBuffer();
  return response.status;
}

/** Calls every route of both services; each request succeeds, or is the client's error. */
async function startOrdinaryLoad({ users, orders }: Services) {
  const userId = await createUser(users);
  const placed = await orders.fetch("/orders", sending("POST", newOrder(userId, 0)));
  const { id } = (await placed.json()) as Order;
  const statuses = new Map<string, number>();
  const count = (service: string, status: number) => {
    const key = `${service} ${status}`;
    statuses.set(key, (statuses.get(key) ?? 0) + 1);
  };
  const ofUsers = async (n: number) => {
    const requests: readonly [string, RequestInit?][] = [
      ["/users", sending("POST", newUser(n + 1))],
      ["/users", sending("POST", newUser(0))],
      ["/users", sending("POST", { name: "" })],
      [`/users/${userId}`],
      [`/users/${unknownId}`],
      [`/users/${userId}`, sending("PATCH", { name: `Renamed ${n}` })],
      ["/users?limit=2"],
      ["/nowhere"],
    ];
    for (const [path, init] of requests) count("users", await statusOf(users, path, init));
  };
  const ofOrders = async (n: number) => {
    const requests: readonly [string, RequestInit?][] = [
      ["/orders", sending("POST", newOrder(userId, n))],
      ["/orders", sending("POST", newOrder(unknownId, n))],
      ["/orders", sending("POST", { items: [] })],
      [`/orders/${id}`],
      [`/orders/${unknownId}`],
      [`/orders/${id}`, sending("PATCH", { status: "delivered" })],
      ["/orders?limit=2"],
    ];
    for (const [path, init] of requests) count("orders", await statusOf(orders, path, init));
  };
  const loads = [repeatTimed(1, ofUsers, pauseMs), repeatTimed(1, ofOrders, pauseMs)];
  return {
    userId,
    orderId: id,
    async stop(): Promise<ReadonlyMap<string, number>> {
      await Promise.all(loads.map((load) => load.stop()));
      return statuses;
    },
  };
}

/** What ordinary load has made. */
export interface LoadReport {
  readonly userId: string;
  readonly orderId: string;
  /** How many responses there were, by service and status, such as `users 409`. */
  readonly statuses: ReadonlyMap<string, number>;
}

/** Sends requests to both services until Prometheus has seen enough of them. */
export async function ordinaryLoad(services: Services, watch: Watch): Promise<LoadReport> {
  const load = await startOrdinaryLoad(services);
  await watch.until('sum(http_requests_total{status="409"}) > 10');
  await watch.until('sum(http_requests_total{endpoint="unmatched"}) > 5');
  const { userId, orderId, stop } = load;
  return { userId, orderId, statuses: await stop() };
}

/** user-service freezes while more orders arrive than order-service admits. */
export async function frozenUserService(
  { users, orders }: Services,
  userId: string,
  watch: Watch,
): Promise<void> {
  users.kill("SIGSTOP");
  try {
    const place = (n: number) => statusOf(orders, "/orders", sending("POST", newOrder(userId, n)));
    const load = repeatTimed(24, place, pauseMs);
    await watch.until("sum(http_requests_shed_total) > 0");
    await watch.until("max(circuit_state) == 2");
    await watch.until("min(up) == 0");
    await load.stop();
  } finally {
    users.kill("SIGCONT");
  }
  await watch.until("min(up) == 1");
  const load = repeatTimed(
    1,
    (n) => statusOf(orders, "/orders", sending("POST", newOrder(userId, n))),
    pauseMs,
  );
  await watch.until("max(circuit_state) == 0");
  await load.stop();
}

/** Another program locks the orders until writes are refused; some clients do not wait so long. */
export async function heldLock({ folder, orders }: Platform, orderId: string): Promise<void> {
  const change = sending("PATCH", { status: "confirmed" });
  const path = `/orders/${orderId}`;
  using database = new Database(join(folder, "data/order_service.db"));
  database.run("BEGIN IMMEDIATE");
  const waiting = Array.from({ length: 4 }, () => statusOf(orders, path, change));
  const leaving = Array.from({ length: 4 }, async () => {
    const signal = AbortSignal.timeout(500);
    await statusOf(orders, path, { ...change, signal }).catch(() => undefined);
  });
  await Promise.all([...waiting, ...leaving]);
  database.run("ROLLBACK");
}

/** Copies both databases, so that the time of a backup is known. */
export async function backUp(folder: string): Promise<void> {
  for (const service of ["user-service", "order-service"]) {
    const { status, stderr } = await runCommand(service, ["backup", `${service}.db`], {
      cwd: folder,
    });
    if (status !== 0) throw new Error(stderr);
  }
}
