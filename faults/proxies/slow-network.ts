// A network between two processes on this machine that takes its time.
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

/** A port that forwards every connection to another one. */
export interface SlowNetwork extends AsyncDisposable {
  readonly port: number;
}

/**
 * Forwards connections to a port of this machine.
 *
 * @param delayMs how much later each byte, and the end of a connection, arrives
 */
export async function slowNetwork(to: number, delayMs: number): Promise<SlowNetwork> {
  const sockets = new Set<Socket>();

  function forward(from: Socket, into: Socket): void {
    sockets.add(from);
    const later = (act: () => void) => void setTimeout(act, delayMs);
    from.on("data", (chunk: Buffer) => later(() => into.write(chunk)));
    from.on("end", () => later(() => into.end()));
    from.on("error", () => later(() => into.destroy()));
    from.on("close", () => sockets.delete(from));
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const service = connect({ port: to, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    forward(client, service);
    forward(service, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
