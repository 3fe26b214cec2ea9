// order-service with a misbehaving upstream, and what its clients can rely on meanwhile.
import { expect } from "bun:test";
import { bodyOf } from "../../shared/testing/running-service.ts";
import { user } from "../support/platform/fake-user-service.ts";
import { newOrder, sending, type Order } from "../support/platform/resources.ts";
import { startService, type Service } from "../support/platform/services.ts";

/** The timeout of one attempt, unless a test sets another. */
export const attemptMs = 1000;

/** How late a response may be on a busy machine. */
export const marginMs = 1000;

const details: Readonly<Record<number, string>> = {
  400: "User does not exist",
  502: "Failed to validate user",
  503: "User service unavailable",
};

/** order-service, and requests of its clients. */
export interface OrderService extends Service {
  /** Places the n-th order for the user, with an idempotency key if one is given. */
  place(n: number, key?: string): Promise<Response>;
  /** All stored orders. */
  stored(): Promise<Order[]>;
  /** The values of a metric by one of its labels. */
  metric(name: string, label: string): Promise<Record<string, number>>;
}

/** Starts order-service on a fresh database, with user-service at this URL. */
export async function startOrderService(
  url: string,
  env: Readonly<Record<string, string>> = { USER_SERVICE_TIMEOUT_MS: String(attemptMs) },
): Promise<OrderService> {
  const service = await startService("order-service", { USER_SERVICE_URL: url, ...env });
  return {
    ...service,
    place(n, key) {
      const headers = key === undefined ? {} : { "idempotency-key": key };
      return service.fetch("/orders", sending("POST", newOrder(user.id, n), headers));
    },
    async stored() {
      return bodyOf<Order[]>(await service.fetch("/orders?limit=1000"));
    },
    async metric(name, label) {
      const printed = await (await service.fetch("/metrics")).text();
      const lines = printed.matchAll(
        new RegExp(`^${name}\\{.*${label}="([^"]*)".*\\} (.*)$`, "gm"),
      );
      return Object.fromEntries([...lines].map(([, value = "", count]) => [value, Number(count)]));
    },
  };
}

/** Checks an error response against the contract, and its time against the deadline of a call. */
export async function expectRefusal(
  sent: Promise<Response>,
  status: number,
  timeoutMs = attemptMs,
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

/** Expects that orders and health can be read at any time until the promise settles. */
export async function expectReadable(orders: OrderService, until: Promise<unknown>): Promise<void> {
  const before = await orders.stored();
  const paths = ["/health", "/orders", ...before.map(({ id }) => `/orders/${id}`)];
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  until.then(over, over);
  for (; !isOver; await Bun.sleep(10)) {
    const startedAt = performance.now();
    const responses = await Promise.all(paths.map((path) => orders.fetch(path)));
    expect(responses.map(({ status }) => status)).toEqual(paths.map(() => 200));
    expect(await responses[1]?.json()).toEqual(before);
    expect(performance.now() - startedAt).toBeLessThan(marginMs);
  }
}

/** The state of the circuit to user-service: 0 closed, 1 half-open, 2 open. */
export async function circuitState(orders: OrderService): Promise<number | undefined> {
  return (await orders.metric("circuit_state", "service"))["user-service"];
}

/** How many attempts ended how, by the label `status`; without those that none ended with. */
export async function attemptCounts(orders: OrderService): Promise<Record<string, number>> {
  const counts = await orders.metric("external_service_calls_total", "status");
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
