// A neighbour that does as it is told: it speaks TCP alone, so that it can send anything at all.
import { createServer, type Socket } from "node:net";

/** What a neighbour does with those who turn to it. */
export interface Behaviour {
  /** Once for each connection. */
  readonly met?: (socket: Socket) => void;
  /** Once for each request, when its head has come whole. */
  readonly asked?: (socket: Socket, path: string) => void;
}

/** A server of the test's own. */
export interface Neighbour extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** How often it was turned to since it was last told how to behave. */
  readonly tries: number;
  /** How many connections there are. */
  readonly connections: number;
  /** Does this from now on, to those who are connected already too. */
  behave(behaviour: Behaviour): void;
  /** Ends all connections. */
  hangUp(): void;
}

const headEnd = "\r\n\r\n";

/** Starts a neighbour on a free port. */
export async function startNeighbour(first: Behaviour): Promise<Neighbour> {
  let behaviour = first;
  const counts = { met: 0, asked: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    counts.met += 1;
    let head = "";
    // The other side may leave at any time, and often should.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      head += bytes.toString("latin1");
      for (let end = head.indexOf(headEnd); end >= 0; end = head.indexOf(headEnd)) {
        const path = head.split(" ", 2)[1] ?? "";
        head = head.slice(end + headEnd.length);
        counts.asked += 1;
        behaviour.asked?.(socket, path);
      }
    });
    behaviour.met?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  const { port } = address;
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get tries() {
      // Some tries end before they are read, others share a connection.
      return Math.max(counts.met, counts.asked);
    },
    get connections() {
      return sockets.size;
    },
    behave(next) {
      behaviour = next;
      counts.met = 0;
      counts.asked = 0;
    },
    hangUp,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      hangUp();
      await closed;
    },
  };
}
