// Balances load as Kubernetes does: it forwards new connections to ready instances, and leaves open
// connections alone.
import { connect, createServer, type Socket } from "node:net";
import type { Running } from "../../shared/testing/executable.ts";
import { watchReadiness, type Readiness } from "../support/readiness.ts";

/** One address for several instances of a service. */
export interface LoadBalancer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Adds an instance; resolves when it is ready. */
  add(running: Running): Promise<void>;
  /** Removes an instance, once it is no longer ready. */
  drop(running: Running): Promise<void>;
}

/** Starts a load balancer on a free port, without an instance. */
export async function startLoadBalancer(): Promise<LoadBalancer> {
  const instances = new Map<Running, Readiness>();
  const sockets = new Set<Socket>();
  let turn = 0;

  function forward(client: Socket): void {
    const ready = [...instances].filter(([, { isReady }]) => isReady);
    const [instance] = ready[(turn += 1) % ready.length] ?? [];
    if (instance === undefined) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: instance.port, host: "127.0.0.1", noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.end();
      });
      one.pipe(other);
    }
  }

  const server = createServer({ noDelay: true }, forward);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    async add(running) {
      const readiness = watchReadiness(running.url);
      instances.set(running, readiness);
      await readiness.until(true);
    },
    async drop(running) {
      const readiness = instances.get(running);
      await readiness?.until(false);
      instances.delete(running);
      await readiness?.[Symbol.asyncDispose]();
    },
    async [Symbol.asyncDispose]() {
      for (const readiness of instances.values()) await readiness[Symbol.asyncDispose]();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
