// The address of the primary, as a Service of Kubernetes with the suffix -rw is one: new connections lead
// to the server that is the primary now, and those that are open stay where they are.
import { connect } from "node:net";
import { startRelay } from "../support/relay.ts";

/** The address; its connections end with the scope. */
export interface PrimaryAddress extends AsyncDisposable {
  readonly port: number;
  /** Lets all further connections lead to another server. */
  pointTo(server: { readonly port: number }): void;
}

/** Makes the address of a server, on a free port. */
export async function startPrimaryAddress(first: {
  readonly port: number;
}): Promise<PrimaryAddress> {
  let { port: target } = first;
  const relay = await startRelay({
    connect: () => connect({ port: target, host: "127.0.0.1", noDelay: true }),
  });
  return Object.assign(relay, {
    pointTo: ({ port }: { readonly port: number }) => void (target = port),
  });
}
