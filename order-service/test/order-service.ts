// order-service for a test, and what it asks for users.
import type { Storage } from "@platform/shared/core/storage";
import type { Tracer } from "@platform/shared/core/tracer";
import { onEveryEngine } from "@platform/shared/testing/postgres";
import { temporaryPostgresStorage } from "@platform/shared/testing/postgres-storage";
import {
  bodyOf,
  startService,
  type RunningService,
  type Sent,
} from "@platform/shared/testing/running-service";
import {
  temporaryStorage,
  type TemporaryStorage,
} from "@platform/shared/testing/temporary-storage";
import { createApp } from "../src/app.ts";
import { migrations as postgresMigrations } from "../src/migrations/postgres/index.ts";
import { migrations } from "../src/migrations/sqlite/index.ts";
import type { Order } from "../src/orders/order.ts";
import type { OrderStore } from "../src/orders/order-store.ts";
import { postgresOrderStore } from "../src/orders/postgres-order-store.ts";
import { sqliteOrderStore } from "../src/orders/sqlite-order-store.ts";
import {
  userDirectory,
  type UserCheck,
  type UserDirectory,
} from "../src/user-service/user-directory.ts";
import { userServiceMetrics } from "../src/user-service/metrics.ts";
import { serviceToken, type TokenFile } from "../src/user-service/service-token.ts";
import { fakeUserService, type Respond } from "./fake-user-service.ts";

/** The id of a user. */
export const userId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

interface Options {
  /** The user directory. Default: every user exists. */
  readonly users?: UserDirectory;
  /** A user-service to ask over HTTP instead: its URL, or how it responds. */
  readonly userService?: string | Respond;
  /** The timeout of an attempt to ask it. */
  readonly timeoutMs?: number;
  /** The file with its own token. Default: it sends none. */
  readonly tokenFile?: TokenFile;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly publicUrl?: string;
  /** The variables of authentication. Default: none. */
  readonly auth?: Readonly<Record<string, string>>;
  /** Default: no trace is recorded. */
  readonly tracer?: Tracer;
}

/** A directory that checks users in this way. */
export function usersBy(check: UserDirectory["check"]): UserDirectory {
  return { check, maxCheckMs: 0 };
}

/** A directory in which the check of every user ends like this. */
export function usersAll(check: UserCheck): UserDirectory {
  return usersBy(() => Promise.resolve(check));
}

/** A storage engine: how a test gets a database, and the store on it. */
interface Engine<S extends Storage> {
  open(): Promise<TemporaryStorage<S>>;
  orders(storage: S, now?: () => number): OrderStore;
}

async function startOn<S extends Storage>(
  engine: Engine<S>,
  {
    users = usersAll("exists"),
    userService,
    timeoutMs = 60_000,
    tokenFile,
    now,
    publicUrl,
    tracer,
    auth,
  }: Options = {},
) {
  const fake = typeof userService === "function" ? fakeUserService(userService) : undefined;
  const server =
    fake && Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, fetch: fake.handle });
  const url = server?.url.origin ?? (typeof userService === "string" ? userService : undefined);
  const releases: Promise<void>[] = [];
  const service: RunningService = await startService({
    name: "order-service",
    database: engine.open(),
    publicUrl,
    tracer,
    auth,
    build(parts, storage) {
      const orders = engine.orders(storage, now);
      return createApp({
        ...parts,
        orders: {
          ...orders,
          release(claim) {
            const released = orders.release(claim);
            releases.push(released);
            return released;
          },
        },
        users:
          url === undefined
            ? users
            : userDirectory({
                url,
                timeoutMs,
                token: tokenFile && serviceToken(tokenFile, { logger: parts.logger }),
                logger: parts.logger,
                tracer,
                metrics: userServiceMetrics(parts.metrics.registry),
                pause: () => Promise.resolve(),
              }),
      });
    },
  });
  return {
    ...service,
    /** Resolves when every key is released that a response so far gave up. */
    released: () => Promise.all(releases),
    /** The requests that reached a user-service which responds for the test. */
    userRequests: fake?.requests ?? [],
    async [Symbol.asyncDispose]() {
      await server?.stop(true);
      await service[Symbol.asyncDispose]();
    },
  };
}

/**
 * Starts order-service on a free port with an empty database of SQLite. It does not pause between
 * attempts.
 */
export function startOrderService(options?: Options) {
  return startOn({ open: () => temporaryStorage(migrations), orders: sqliteOrderStore }, options);
}

/** The same for each engine, for `describe.each`. */
export const orderServices = onEveryEngine({
  SQLite: startOrderService,
  PostgreSQL: (options?: Options) =>
    startOn(
      {
        open: () => temporaryPostgresStorage(postgresMigrations, { poolSize: 2 }),
        orders: postgresOrderStore,
      },
      options,
    ),
});

/** The body of a valid request for an order. */
export const wish = {
  user_id: userId,
  items: [
    { sku: "KB-87", quantity: 2, unit_price: 19.99 },
    { sku: "MS-01", quantity: 1, unit_price: 5.5 },
  ],
};

/** Places an order, and throws if the response is not 201. */
export async function placeOrder(
  { request }: RunningService,
  json: unknown = wish,
  sent: Sent = {},
): Promise<Order> {
  const response = await request("/orders", { ...sent, json });
  if (response.status !== 201) throw new Error(`Not placed: ${await response.text()}`);
  return bodyOf<Order>(response);
}

/** The number of orders stored. */
export async function countOrders({ request }: RunningService): Promise<number> {
  return (await bodyOf<Order[]>(await request("/orders?limit=1000"))).length;
}
