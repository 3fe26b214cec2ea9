// user-service under a name whose addresses a test changes, and an order-service that knows the name.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { user } from "../support/platform/fake-user-service.ts";

const name = "users.test";

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
 * Starts order-service with a file of its own in place of /etc/hosts. That needs root, or a user
 * namespace, which `bun run test:faults` makes.
 *
 * @param env the variables of order-service
 */
export async function startMovingUpstream(
  env: Readonly<Record<string, string>> = {},
): Promise<MovingUpstream> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  const hosts = join(folder, "hosts");
  const setAddresses = (...addresses: readonly string[]) =>
    writeFileSync(hosts, addresses.map((address) => `${address} ${name}\n`).join(""));
  setAddresses("127.0.0.2");

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
      under: [
        "/usr/bin/unshare",
        "--mount",
        "/bin/sh",
        "-c",
        '/bin/mount --bind "$0" /etc/hosts && exec "$@"',
        hosts,
      ],
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
