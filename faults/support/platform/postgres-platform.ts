// Both services on one PostgreSQL server, each with a database of its own.
import {
  startExecutable,
  type Running,
  type ServiceName,
} from "../../../shared/testing/executable.ts";
import { temporaryFolder } from "../../../shared/testing/temporary-folder.ts";
import type { PostgresServer } from "../postgres-server.ts";

type Environment = Readonly<Record<string, string>>;

/** The services' databases. */
export interface Databases {
  readonly users: string;
  readonly orders: string;
}

/** Both services; killed at the end of the scope. */
export interface PostgresPlatform extends AsyncDisposable {
  readonly users: Running;
  readonly orders: Running;
  /** Starts one more process of a service, with the same variables. */
  startAnother(service: ServiceName): Promise<Running>;
}

/** Makes a database for each service. @returns their URLs */
export async function createDatabases(server: PostgresServer): Promise<Databases> {
  return {
    users: await server.createDatabase("user_service"),
    orders: await server.createDatabase("order_service"),
  };
}

/**
 * Starts both services. None of them waits for its database.
 *
 * @param under the words in front of each executable. Default: none
 */
export async function startOnPostgres(
  databases: Databases,
  {
    users: usersEnv = {},
    orders: ordersEnv = {},
    under = [],
  }: { users?: Environment; orders?: Environment; under?: readonly string[] } = {},
): Promise<PostgresPlatform> {
  await using stack = new AsyncDisposableStack();
  const cwd = stack.use(temporaryFolder()).path;
  const start = async (service: ServiceName, env: Environment) =>
    stack.use(await startExecutable(service, { cwd, env, under }));
  const userEnv = { DATABASE_URL: databases.users, ...usersEnv };
  const users = await start("user-service", userEnv);
  const orderEnv = {
    DATABASE_URL: databases.orders,
    USER_SERVICE_URL: users.url,
    ...ordersEnv,
  };
  const orders = await start("order-service", orderEnv);
  const owned = stack.move();
  return {
    users,
    orders,
    async startAnother(service) {
      const env = service === "user-service" ? userEnv : orderEnv;
      return owned.use(await startExecutable(service, { cwd, env, under }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
