// Both services under a steady, light load, whose clients go on whatever happens to the services.
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { repeatTimed } from "../support/load.ts";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { startRestartable, type RestartableService, type Start } from "./restartable-service.ts";

/** What differs from platform to platform. */
interface Setup {
  /** Variables of order-service. */
  readonly env?: Readonly<Record<string, string>>;
  /** The port at which order-service finds user-service. Default: user-service's own. */
  between?(usersPort: number): Promise<number>;
  /** How many items each order has. */
  readonly items?: number;
}

/** Both services, their databases in `folder`, under `data/`. */
export interface LoadedPlatform {
  readonly folder: string;
  readonly users: RestartableService;
  readonly orders: RestartableService;
  /** How order-service was started. */
  readonly started: Start;
  /** Places the order of this number. Resolves with or without a response. */
  placeOrder(n: number, signal?: AbortSignal): Promise<void>;
}

const writePauseMs = 500;
const readPauseMs = 250;

/** Reads a response, if there is one: a service that is down refuses the connection. */
async function attempt({ fetch }: RestartableService, path: string, init?: RequestInit) {
  const read = (response: Response) => response.arrayBuffer();
  await fetch(path, init)
    .then(read)
    .catch(() => undefined);
}

/** Starts both services on fresh databases, and clients that write and read. The stack ends all of it. */
export async function startLoadedPlatform(
  stack: AsyncDisposableStack,
  { env = {}, between = (port) => Promise.resolve(port), items = 1 }: Setup = {},
): Promise<LoadedPlatform> {
  const folder = stack.use(temporaryFolder()).path;
  const users = stack.use(await startRestartable("user-service", { cwd: folder, env: {} }));
  const url = `http://127.0.0.1:${await between(users.port)}`;
  const started = { cwd: folder, env: { USER_SERVICE_URL: url, ...env } };
  const orders = stack.use(await startRestartable("order-service", started));
  const userId = await createUser(users);

  const newOrder = (n: number) => ({
    user_id: userId,
    items: Array.from({ length: items }, (_, index) => ({
      sku: `ARTICLE-${n}-${index}`,
      quantity: 1,
      unit_price: 19.99,
    })),
  });
  const placeOrder = (n: number, signal?: AbortSignal) =>
    attempt(orders, "/orders", {
      ...sending("POST", newOrder(n)),
      ...(signal === undefined ? {} : { signal }),
    });
  const clients = [
    repeatTimed(2, placeOrder, writePauseMs),
    repeatTimed(1, () => attempt(orders, "/orders?limit=1"), readPauseMs),
    repeatTimed(1, (n) => attempt(users, "/users", sending("POST", newUser(n + 1))), writePauseMs),
    repeatTimed(1, () => attempt(users, `/users/${userId}`), readPauseMs),
  ];
  stack.defer(async () => void (await Promise.all(clients.map((client) => client.stop()))));
  return { folder, users, orders, started, placeOrder };
}
