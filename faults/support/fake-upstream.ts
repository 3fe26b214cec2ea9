// An upstream service that a test controls. It speaks plain TCP, so that it can send any bytes.
import { createServer, type Socket } from "node:net";

/** What the upstream does with its clients. */
export interface Behaviour {
  /** Called once per connection. */
  readonly onConnection?: (socket: Socket) => void;
  /** Called once per request, when its head is complete. */
  readonly onRequest?: (socket: Socket, path: string) => void;
}

/** A running upstream. */
export interface FakeUpstream extends AsyncDisposable {
  readonly url: string;
  /** Calls since the last change of behaviour: connections or requests, whichever are more. */
  readonly calls: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Resolves when so many calls were made since the last change of behaviour. */
  called(count?: number): Promise<void>;
  /** Changes the behaviour, also on open connections. */
  behave(behaviour: Behaviour): void;
  /** Closes all connections and changes the behaviour, like a process that was replaced. */
  restart(behaviour: Behaviour): void;
}

const headEnd = "\r\n\r\n";

/** Starts an upstream on a free port. */
export async function startFakeUpstream(first: Behaviour): Promise<FakeUpstream> {
  let behaviour = first;
  const counts = { connections: 0, requests: 0 };
  // Some calls end before their request is read, others share a connection.
  const calls = () => Math.max(counts.connections, counts.requests);
  let call = Promise.withResolvers<void>();
  const count = (what: keyof typeof counts) => {
    counts[what] += 1;
    call.resolve();
    call = Promise.withResolvers();
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    count("connections");
    let head = "";
    // The client may close or reset at any time, which many tests are about.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      head += bytes.toString("latin1");
      for (let end = head.indexOf(headEnd); end >= 0; end = head.indexOf(headEnd)) {
        const path = head.split(" ", 2)[1] ?? "";
        head = head.slice(end + headEnd.length);
        count("requests");
        behaviour.onRequest?.(socket, path);
      }
    });
    behaviour.onConnection?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  const closeConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  const behave = (next: Behaviour) => {
    behaviour = next;
    counts.connections = 0;
    counts.requests = 0;
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    get calls() {
      return calls();
    },
    get connections() {
      return sockets.size;
    },
    async called(count = 1) {
      while (calls() < count) await call.promise;
    },
    behave,
    restart(next) {
      behave(next);
      closeConnections();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      closeConnections();
      await closed;
    },
  };
}
