// A path to a server that loses the server's answer to a statement which was done.
import { connect, type Socket } from "node:net";
import { startRelay } from "../support/relay.ts";

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
  let wanted: Lost | undefined;
  let lost = Promise.withResolvers<void>();

  function carry(client: Socket, server: Socket): void {
    let losing: Lost | undefined;
    let isSilent = false;
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

  const relay = await startRelay({
    connect: () => connect({ host: hostname, port: Number(port), noDelay: true }),
    carry,
  });
  const address = new URL(url);
  address.port = String(relay.port);
  return {
    url: address.href,
    lose(next) {
      wanted = next;
      lost = Promise.withResolvers();
      relay.endAll();
    },
    lost: () => lost.promise,
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
