// Clients that are slow, or gone, or never were serious.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** One kind of them. */
export interface SlowKind {
  readonly count: number;
  /** What each sends at once. */
  readonly first: string;
  /** What each sends after that, a byte every tenth of a second. */
  readonly rest?: string;
  /** Whether each waits until its answer begins, which it does not read. */
  readonly awaitsAnswer?: boolean;
}

const byteMs = 100;

/** Connects clients of a kind, which are gone with the scope. */
export async function slowClients(
  port: number,
  { count, first, rest = "", awaitsAnswer = false }: SlowKind,
): Promise<Disposable> {
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    // Whoever is too slow is sent away, which is what these are here for.
    socket.on("error", () => undefined);
    await once(socket, "connect");
    socket.write(first);
    if (awaitsAnswer) await once(socket, "readable");
    return socket;
  };
  const opened: Socket[] = [];
  while (opened.length < count) {
    // Those who wait for an answer come one by one: to be served, not to be too many at once.
    const atOnce = awaitsAnswer ? 1 : count;
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
