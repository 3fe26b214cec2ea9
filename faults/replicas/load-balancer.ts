// Balances load as Kubernetes does: it forwards new connections to ready instances, and leaves open
// connections alone.
import { connect } from "node:net";
import type { Running } from "../../shared/testing/executable.ts";
import { watchReadiness, type Readiness } from "../support/readiness.ts";
import { startRelay } from "../support/relay.ts";

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
  let turn = 0;
  const relay = await startRelay({
    connect() {
      const ready = [...instances].filter(([, { isReady }]) => isReady);
      const [instance] = ready[(turn += 1) % ready.length] ?? [];
      return instance && connect({ port: instance.port, host: "127.0.0.1", noDelay: true });
    },
    // What one side has sent before it closed still arrives at the other.
    whenClosed: (other) => void other.end(),
  });
  return {
    port: relay.port,
    url: `http://127.0.0.1:${relay.port}`,
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
      await relay[Symbol.asyncDispose]();
    },
  };
}
