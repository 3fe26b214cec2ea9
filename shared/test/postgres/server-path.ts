// A path to a server that a test can block: new connections are refused, or nothing arrives any more.
import type { Socket } from "bun";

type Connection = Socket<{ peer: Socket<unknown> | undefined; queue: Uint8Array[] }>;

/**
 * Makes a path to a server; at the end of its scope its connections end.
 *
 * @param url the server's
 * @param here the loopback address at which it begins, and a port: 0 for any
 */
export function serverPath(url: string, here = { hostname: "127.0.0.1", port: 0 }) {
  const { hostname, port } = new URL(url);
  const connections = new Set<Connection>();
  let isFrozen = false;
  let listener: Bun.TCPSocketListener<Connection["data"]> | undefined;

  const frozen = new Set<Connection>();
  function open(at: number) {
    listener = Bun.listen<Connection["data"]>({
      hostname: here.hostname,
      port: at,
      socket: {
        open(client) {
          client.data = { peer: undefined, queue: [] };
          connections.add(client);
          if (isFrozen) frozen.add(client);
          void Bun.connect({
            hostname,
            port: Number(port),
            socket: {
              open(peer) {
                client.data.peer = peer;
                for (const bytes of client.data.queue) peer.write(bytes);
              },
              data: (_peer, bytes) => void (frozen.has(client) || client.write(bytes)),
              close: () => void client.end(),
            },
          }).catch(() => client.end());
        },
        data(client, bytes) {
          if (frozen.has(client)) return;
          if (client.data.peer) client.data.peer.write(bytes);
          else client.data.queue.push(Uint8Array.from(bytes));
        },
        close(client) {
          connections.delete(client);
          client.data.peer?.end();
        },
      },
    });
    return listener.port;
  }
  const address = new URL(url);
  address.hostname = here.hostname;
  address.port = String(open(here.port));
  const path = {
    url: address.href,
    /** The connections of now carry nothing any more; with `true`, later ones neither. */
    freeze(withLater = false) {
      isFrozen = withLater;
      for (const connection of connections) frozen.add(connection);
    },
    /** Later connections carry bytes again. */
    thaw: () => void (isFrozen = false),
    /** Ends all connections, and refuses new ones. */
    close() {
      listener?.stop(true);
      for (const connection of connections) connection.end();
    },
    /** Takes connections again. */
    open: () => void open(Number(address.port)),
    [Symbol.dispose]: () => path.close(),
  };
  return path;
}
