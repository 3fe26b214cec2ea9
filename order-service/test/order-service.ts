// order-service for a test, and neighbours for it to ask.
import {
  bodyOf,
  startService,
  type RunningService,
  type Sent,
} from "@platform/shared/testing/running-service";
import type { ServiceParts } from "@platform/shared/service/service-app";
import { createApp } from "../src/app.ts";
import { migrations } from "../src/migrations/index.ts";
import type { Order } from "../src/orders/order.ts";
import { sqliteOrderStore } from "../src/orders/sqlite-order-store.ts";
import {
  userDirectory,
  type UserCheck,
  type UserDirectory,
} from "../src/user-service/user-directory.ts";
import { userServiceMetrics } from "../src/user-service/metrics.ts";

/** A well-formed id that the neighbours below say yes to. */
export const userId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

interface Options {
  readonly limits?: Partial<ServiceParts["limits"]>;
  /** Who is asked for users; everybody exists if left out. */
  readonly users?: UserDirectory;
  /** Where user-service is, to be asked over HTTP instead. */
  readonly userServiceUrl?: string;
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A directory in which the check of every user ends like this. */
export function usersAll(check: UserCheck): UserDirectory {
  return { check: () => Promise.resolve(check) };
}

/** A directory whose checks wait until the test finishes them. */
export function heldUserCheck() {
  const started = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<UserCheck>();
  const check = () => {
    started.resolve();
    return finished.promise;
  };
  return { users: { check }, started: started.promise, finish: finished.resolve };
}

/** Starts order-service on a free port with an empty database. */
export function startOrderService({
  limits = {},
  users = usersAll("exists"),
  userServiceUrl,
  timeoutMs = 1000,
  now,
}: Options = {}): Promise<RunningService> {
  return startService({
    name: "order-service",
    migrations,
    limits,
    build: (parts, storage) =>
      createApp({
        ...parts,
        orders: sqliteOrderStore(storage, now),
        users:
          userServiceUrl === undefined
            ? users
            : userDirectory({
                url: userServiceUrl,
                timeoutMs,
                logger: parts.logger,
                metrics: userServiceMetrics(parts.metrics.registry),
              }),
      }),
  });
}

/** Where a request goes that is handed to a fetch. */
export function urlOf(input: string | URL | Request): URL {
  return new URL(input instanceof Request ? input.url : input);
}

/** An order that nothing is wrong with. */
export const wish = {
  user_id: userId,
  items: [
    { sku: "KB-87", quantity: 2, unit_price: 19.99 },
    { sku: "MS-01", quantity: 1, unit_price: 5.5 },
  ],
};

/** Places an order, which must succeed. */
export async function placeOrder(
  { request }: RunningService,
  json: unknown = wish,
  sent: Sent = {},
): Promise<Order> {
  const response = await request("/orders", { ...sent, json });
  if (response.status !== 201) throw new Error(`Not placed: ${await response.text()}`);
  return bodyOf<Order>(response);
}

/** The number of orders that are stored. */
export async function countOrders({ request }: RunningService): Promise<number> {
  return (await bodyOf<Order[]>(await request("/orders?limit=1000"))).length;
}
