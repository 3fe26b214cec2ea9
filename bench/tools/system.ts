// The running services of a peer, each on a database of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Launcher, Peer, ServiceName } from "../peers/peer.ts";
import type { Seed } from "./seed.ts";
import { startServer, type Server } from "./server.ts";

/** A peer that can be started. */
export interface ReadyPeer extends Pick<Peer, "name" | "title" | "isBare"> {
  readonly launch: Launcher;
}

/** A peer's running services. */
export interface System extends AsyncDisposable {
  readonly peer: ReadyPeer;
  /** The folder of its files. */
  readonly folder: string;
  readonly servers: ReadonlyMap<ServiceName, Server>;
  readonly pids: readonly number[];
  urlOf(service: ServiceName): string;
  /** @throws Error if a service has ended */
  ensureRunning(): void;
}

interface SystemOptions {
  readonly seed: Seed;
  /** The folder in which it makes a folder of its own. */
  readonly folder: string;
  /** The services to start, in this order; order-service needs user-service. */
  readonly services: readonly ServiceName[];
  /** The words in front of the commands that pin them to cores. */
  readonly pinned: readonly string[];
  readonly isLogKept?: boolean;
}

/** Starts a peer's services on copies of a seed. */
export async function startSystem(
  peer: ReadyPeer,
  { seed, folder: parent, services, pinned, isLogKept = false }: SystemOptions,
): Promise<System> {
  const folder = await mkdtemp(join(parent, `${peer.name}-`));
  const stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const servers = new Map<ServiceName, Server>();
  try {
    for (const service of services) {
      const database = join(folder, `${service}.db`);
      await seed.copy(service, database);
      const env = {
        DATABASE_URL: `sqlite:${database}`,
        USER_SERVICE_URL: servers.get("user-service")?.url ?? "http://127.0.0.1:1",
      };
      const command = [...pinned, ...peer.launch(service)];
      const server = await startServer(command, { name: service, folder, env, isLogKept });
      servers.set(service, stack.use(server));
    }
  } catch (error) {
    await stack.disposeAsync();
    throw new Error(`Cannot start ${peer.title}`, { cause: error });
  }
  return {
    peer,
    folder,
    servers,
    pids: [...servers.values()].map(({ pid }) => pid),
    urlOf(service) {
      const server = servers.get(service);
      if (server === undefined) throw new Error(`${service} is not running`);
      return server.url;
    },
    ensureRunning() {
      for (const server of servers.values()) server.ensureRunning();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
