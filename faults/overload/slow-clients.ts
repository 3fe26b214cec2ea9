// Clients that send slowly, stop sending or do not read.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A kind of slow client. */
export interface SlowKind {
  /** Sent at once by each. */
  readonly first: string;
  /** Sent after that by each, a byte every tenth of a second. */
  readonly rest?: string;
  /** Whether each waits until its response begins, without reading it. */
  readonly awaitsResponse?: boolean;
}

const count = 500;
const byteMs = 100;

/** Connects 500 clients of a kind; disposing closes their connections. */
export async function slowClients(
  port: number,
  { first, rest = "", awaitsResponse = false }: SlowKind,
): Promise<Disposable> {
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    // The service closes the connections of slow clients, which is what the test is about.
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(first);
    if (awaitsResponse) await once(socket, "readable");
    return socket;
  };
  const opened: Socket[] = [];
  while (opened.length < count) {
    // Clients that wait for a response connect one by one, so that the service admits each.
    const atOnce = awaitsResponse ? 1 : count;
    opened.push(...(await Promise.all(Array.from({ length: atOnce }, open))));
  }

  let sent = 0;
  const timer = setInterval(() => {
    const byte = rest.at(sent++);
    if (byte === undefined) return;
    for (const socket of opened) if (socket.writable) socket.write(byte);
  }, byteMs);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const socket of opened) socket.destroy();
    },
  };
}
