// A path to a server that loses the server's answer to a statement which was done.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A statement, by a part of its text, and a part of the answer that says that it was done. */
interface Lost {
  readonly statement: string;
  /** Its tag (https://www.postgresql.org/docs/current/protocol-message-formats.html, CommandComplete). */
  readonly tag: string;
  /** What becomes of the session: it ends, or stays open and says nothing more. */
  readonly session: "ends" | "is silent";
}

/** A path; its connections end with its scope. */
export interface LossyPath extends AsyncDisposable {
  /** The server's URL, by this path. */
  readonly url: string;
  /**
   * Ends all sessions, so that the text of each statement is sent once more, and loses the answer to the
   * next statement like this one.
   */
  lose(next: Lost): void;
  /** Resolves when the answer was lost. */
  lost(): Promise<void>;
}

/** Makes a path to a server. @param url the server's */
export async function lossyPath(url: string): Promise<LossyPath> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let wanted: Lost | undefined;
  let lost = Promise.withResolvers<void>();

  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  function forward(client: Socket): void {
    const server = connect({ host: hostname, port: Number(port), noDelay: true });
    let losing: Lost | undefined;
    let isSilent = false;
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (wanted !== undefined && bytes.includes(wanted.statement)) {
        losing = wanted;
        wanted = undefined;
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (isSilent) return;
      if (losing === undefined || !bytes.includes(`${losing.tag}\0`)) {
        client.write(bytes);
        return;
      }
      isSilent = true;
      if (losing.session === "ends") client.destroy();
      lost.resolve();
    });
  }

  const listener = createServer({ noDelay: true }, forward);
  await new Promise<void>((resolve) => void listener.listen(0, "127.0.0.1", resolve));
  const address = new URL(url);
  // A server that listens on TCP has an address of this kind.
  address.port = String((listener.address() as AddressInfo).port);
  return {
    url: address.href,
    lose(next) {
      wanted = next;
      lost = Promise.withResolvers();
      endAll();
    },
    lost: () => lost.promise,
    async [Symbol.asyncDispose]() {
      endAll();
      await new Promise((resolve) => void listener.close(resolve));
    },
  };
}
