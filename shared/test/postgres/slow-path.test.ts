import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { hasPostgres } from "../../testing/postgres.ts";
import { temporaryPostgres } from "./temporary-postgres.ts";

/** Makes a path on which a test can make what the server sends arrive late. @param url the server's */
function slowPath(url: string) {
  const { hostname, port } = new URL(url);
  let delayMs = 0;
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
  return {
    url: address.href,
    delay: (ms: number) => void (delayMs = ms),
    [Symbol.dispose]: () => listener.stop(true),
  };
}

test.if(hasPostgres)(
  "PostgresStorage becomes ready where a session takes longer to open than a ping may",
  async () => {
    await using it = await temporaryPostgres();
    const path = slowPath(it.url);
    it.defer(path);
    const storage = await it.open({ url: path.url, statementTimeoutMs: 3250 });
    await storage.ping();
    // Two of these delays until a session is open, and one for the ping: more than the second of a ping.
    path.delay(400);
    await it.admin`
      SELECT pg_terminate_backend(pid)
      FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
    // A probe asks again and again. Each ping threw away the session that it was about to get.
    const endsAt = performance.now() + 15_000;
    let isReady = false;
    while (!isReady && performance.now() < endsAt) {
      isReady = await storage.ping().then(
        () => true,
        () => false,
      );
    }
    expect(isReady).toBe(true);
  },
);
