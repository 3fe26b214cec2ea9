import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { hasPostgres } from "../../testing/postgres.ts";
import { temporaryPostgres } from "./temporary-postgres.ts";

/** Makes a path on which what the server sends arrives late. @param url the server's */
function slowPath(url: string, delayMs: number) {
  const { hostname, port } = new URL(url);
  const listener = Bun.listen<{ peer: Promise<Socket> }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        const peer = Bun.connect({
          hostname,
          port: Number(port),
          socket: {
            data(_peer, bytes) {
              const late = Uint8Array.from(bytes);
              setTimeout(() => client.write(late), delayMs);
            },
            close: () => void client.end(),
          },
        });
        client.data = { peer };
      },
      data(client, bytes) {
        const copy = Uint8Array.from(bytes);
        void client.data.peer.then((peer) => peer.write(copy));
      },
      close: (client) => void client.data.peer.then((peer) => peer.end()),
    },
  });
  const address = new URL(url);
  address.port = String(listener.port);
  return { url: address.href, [Symbol.dispose]: () => listener.stop(true) };
}

test.if(hasPostgres)(
  "PostgresStorage becomes ready where a session takes longer to open than a ping may",
  async () => {
    await using it = await temporaryPostgres();
    const path = slowPath(it.url, 260);
    it.defer(path);
    const storage = await it.open({ url: path.url, statementTimeoutMs: 3250 });
    await storage.migrated;
    // As a probe does. Each of these pings used to throw away the session that it was about to get.
    const isReady = () =>
      storage.ping().then(
        () => true,
        () => false,
      );
    while (!(await isReady()));
    expect(await isReady()).toBe(true);
  },
);
