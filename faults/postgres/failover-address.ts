// The address of the primary, as a Service of Kubernetes with the suffix -rw is one: new connections lead
// to the server that is the primary now, and those that are open stay where they are.
import { connect, createServer, type Socket } from "node:net";

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
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      // A server that is killed resets its connections.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    port: address.port,
    pointTo: ({ port }) => void (target = port),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
