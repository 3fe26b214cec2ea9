// user-service under a name whose addresses a test changes, and an order-service that knows the name.
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { movingName } from "../support/moving-name.ts";
import { user } from "../support/platform/fake-user-service.ts";

/** How user-service responds at one address. */
export type Respond = () => Response | Promise<Response>;

/** Every user exists. */
export const healthy: Respond = () => Response.json(user);

/** An order-service, and the addresses of the user-service that it asks. */
export interface MovingUpstream extends AsyncDisposable {
  readonly orders: Running;
  /** Makes user-service respond at this loopback address like this. */
  start(address: string, respond: Respond): void;
  /** Closes the port at this address, and all connections to it. */
  stop(address: string): Promise<void>;
  /** Gives the name these addresses, as a name server would; none: the name does not exist. */
  setAddresses(...addresses: readonly string[]): void;
}

/**
 * Starts order-service with a file of its own in place of /etc/hosts: see {@link movingName}.
 *
 * @param env the variables of order-service
 */
export async function startMovingUpstream(
  env: Readonly<Record<string, string>> = {},
): Promise<MovingUpstream> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const { name, under, setAddresses } = stack.use(movingName("users.test", "127.0.0.2"));

  const servers = new Map<string, Bun.Server<undefined>>();
  let port = 0;
  const start = (address: string, respond: Respond) => {
    const server = Bun.serve({ hostname: address, port, fetch: respond });
    port = server.port ?? 0;
    servers.set(address, server);
  };
  stack.defer(async () => {
    await Promise.all(Array.from(servers.values(), (server) => server.stop(true)));
  });
  start("127.0.0.2", healthy);

  const orders = stack.use(
    await startExecutable("order-service", {
      cwd: folder,
      env: { USER_SERVICE_URL: `http://${name}:${port}`, ...env },
      under,
    }),
  );
  const owned = stack.move();
  return {
    orders,
    start,
    async stop(address) {
      await servers.get(address)?.stop(true);
      servers.delete(address);
    },
    setAddresses,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
