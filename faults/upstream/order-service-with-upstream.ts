// order-service beside a neighbour that misbehaves, and what it owes its callers meanwhile.
import { expect } from "bun:test";
import type { Order } from "../../order-service/src/orders/order.ts";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { bodyOf, temporaryFolder } from "../../shared/testing/running-service.ts";
import { user } from "../support/platform/fake-user-service.ts";
import { newOrder, sending } from "../support/platform/platform.ts";

/** What one try may take, where nothing else is said. */
export const tryMs = 1000;

/** What a busy machine may add to a deadline. */
export const marginMs = 1000;

const details: Readonly<Record<number, string>> = {
  400: "User does not exist",
  502: "Failed to validate user",
  503: "User service unavailable",
};

/** order-service in a folder of its own. */
export interface Orders extends Running {
  /** Places an order for the user, the n-th; with a key if one is given. */
  place(n: number, key?: string): Promise<Response>;
  /** All that are stored. */
  stored(): Promise<Order[]>;
  /** The values of a metric by one of its labels. */
  metric(name: string, label: string): Promise<Record<string, number>>;
}

/** Starts order-service on a fresh database, with its neighbour at this address. */
export async function startOrders(
  url: string,
  more: Readonly<Record<string, string>> = { USER_SERVICE_TIMEOUT_MS: String(tryMs) },
): Promise<Orders> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const env = { USER_SERVICE_URL: url, ...more };
  const running = stack.use(await startExecutable("order-service", { cwd: folder, env }));
  const owned = stack.move();
  return {
    ...running,
    place(n, key) {
      const headers = key === undefined ? {} : { "idempotency-key": key };
      return running.fetch("/orders", sending("POST", newOrder(user.id, n), headers));
    },
    async stored() {
      return bodyOf<Order[]>(await running.fetch("/orders?limit=1000"));
    },
    async metric(name, label) {
      const printed = await (await running.fetch("/metrics")).text();
      const lines = printed.matchAll(
        new RegExp(`^${name}\\{.*${label}="([^"]*)".*\\} (.*)$`, "gm"),
      );
      return Object.fromEntries([...lines].map(([, value = "", count]) => [value, Number(count)]));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Holds a refusal against the contract, and its time against the deadline of a call. */
export async function expectRefusal(
  sent: Promise<Response>,
  status: number,
  timeoutMs = tryMs,
): Promise<void> {
  const startedAt = performance.now();
  const response = await sent;
  const problem = await bodyOf(response);
  expect(performance.now() - startedAt).toBeLessThan(2.5 * timeoutMs + marginMs);
  expect(problem).toMatchObject({ status, detail: details[status], instance: "/orders" });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  if (status === 503) expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  else expect(response.headers.has("retry-after")).toBe(false);
}

/** Reads orders, and asks after the service's health, until something has happened. */
export async function expectReadable(orders: Orders, until: Promise<unknown>): Promise<void> {
  const before = await orders.stored();
  const paths = ["/health", "/orders", ...before.map(({ id }) => `/orders/${id}`)];
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  until.then(over, over);
  for (; !isOver; await Bun.sleep(10)) {
    const startedAt = performance.now();
    const answers = await Promise.all(paths.map((path) => orders.fetch(path)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
    expect(await answers[1]?.json()).toEqual(before);
    expect(performance.now() - startedAt).toBeLessThan(marginMs);
  }
}

/** The state of its circuit: 0 closed, 1 half open, 2 open. */
export async function circuitOf(orders: Orders): Promise<number | undefined> {
  return (await orders.metric("circuit_state", "service"))["user-service"];
}

/** How many tries came to what. */
export function callsOf(orders: Orders): Promise<Record<string, number>> {
  return orders.metric("external_service_calls_total", "status");
}
