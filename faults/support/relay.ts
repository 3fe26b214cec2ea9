// A port whose connections a test leads to another server.
import { createServer, type AddressInfo, type Socket } from "node:net";

/** What becomes of a relay's connections. */
interface RelayOptions {
  /** Connects a new client to a server; undefined: the client is refused. */
  connect(): Socket | undefined;
  /** Lets the bytes of both sides arrive at the other. Default: as they are. */
  carry?(client: Socket, upstream: Socket): void;
  /** Called with the other side when one side is closed. Default: it is destroyed. */
  whenClosed?(other: Socket): void;
}

/** A port of 127.0.0.1; it and its connections are closed at the end of its scope. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Ends all connections. */
  endAll(): void;
}

/** Starts a relay on a free port. */
export async function startRelay({
  connect,
  carry = (client, upstream) => void client.pipe(upstream).pipe(client),
  whenClosed = (other) => void other.destroy(),
}: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect();
    if (upstream === undefined) {
      client.destroy();
      return;
    }
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      // A server that is killed resets its connections.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        whenClosed(other);
      });
    }
    carry(client, upstream);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    // A server that listens on TCP has an address of this kind.
    port: (server.address() as AddressInfo).port,
    endAll,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      endAll();
      await closed;
    },
  };
}
