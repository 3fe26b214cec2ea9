// The running services of a peer, each on a database of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Launcher, Peer, ServiceName } from "../peers/peer.ts";
import type { Seed } from "../engines/engine.ts";
import { startServer, type Server } from "./server.ts";

/** A peer that can be started. */
export interface ReadyPeer extends Pick<Peer, "name" | "title" | "isBare" | "env"> {
  readonly launch: Launcher;
  /** More header fields of the GET requests to it. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A peer's running services. */
export interface System extends AsyncDisposable {
  readonly peer: ReadyPeer;
  /** The folder of its files. */
  readonly folder: string;
  readonly servers: ReadonlyMap<ServiceName, Server>;
  readonly pids: readonly number[];
  urlOf(service: ServiceName): string;
  /** The database of a service, as `DATABASE_URL` has it. */
  databaseOf(service: ServiceName): string;
  /** The processor time of the database server, which all peers share; 0 without a server. */
  serverMs(): number;
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
  const databases = new Map<ServiceName, string>();
  try {
    for (const service of services) {
      const { url } = stack.use(await seed.copy(service, folder));
      databases.set(service, url);
      const env = {
        ...peer.env,
        DATABASE_URL: url,
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
  function running<T>(parts: ReadonlyMap<ServiceName, T>, service: ServiceName): T {
    const part = parts.get(service);
    if (part === undefined) throw new Error(`${service} is not running`);
    return part;
  }
  return {
    peer,
    folder,
    servers,
    pids: [...servers.values()].map(({ pid }) => pid),
    urlOf: (service) => running(servers, service).url,
    databaseOf: (service) => running(databases, service),
    serverMs: seed.serverMs,
    ensureRunning() {
      for (const server of servers.values()) server.ensureRunning();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
