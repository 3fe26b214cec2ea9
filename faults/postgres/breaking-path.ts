// A path to a server that breaks each of its connections at another byte.
import { connect, type Socket } from "node:net";
import { startRelay } from "../support/relay.ts";

/** What becomes of a connection: it is closed, it is reset, or one byte arrives as another one. */
export type Break = "end" | "reset" | "damage";

/** A path; its connections end with its scope. */
export interface BreakingPath extends AsyncDisposable {
  /** The server's URL, by this path. */
  readonly url: string;
  /** How many connections are broken so far. */
  readonly broken: number;
  /** Ends all connections, and breaks each later one. */
  break(): void;
  /** Breaks none any more. */
  heal(): void;
}

/** Where a connection breaks. */
interface Point {
  readonly kind: Break;
  /** Whether it breaks on what the server sends. */
  readonly isAtServer: boolean;
  /** How many bytes arrive before. */
  bytes: number;
}

/** In bytes of one direction: what the handshake and the log-in have, with the first statements, and more. */
const spans = [700, 3000, 40_000];

/** Where the connection with this number breaks: the same in every run. */
function pointOf(n: number, kinds: readonly Break[]): Point {
  const pair = Math.floor(n / 2);
  const span = spans[Math.floor(pair / kinds.length) % spans.length] ?? 0;
  return {
    isAtServer: n % 2 === 0,
    kind: kinds[pair % kinds.length] ?? "end",
    // The fractions of the multiples of the golden ratio are spread evenly.
    bytes: Math.floor(((n * 0.618_034) % 1) * span),
  };
}

/** Makes a path to a server. @param url the server's */
export async function breakingPath(url: string, kinds: readonly Break[]): Promise<BreakingPath> {
  const { port } = new URL(url);
  let isBreaking = false;
  let connections = 0;
  let broken = 0;

  function carry(client: Socket, server: Socket): void {
    const point = isBreaking ? pointOf(connections++, kinds) : undefined;
    let isOver = false;
    function send(to: Socket, bytes: Buffer): void {
      if (isOver) return;
      const isWhole =
        point === undefined ||
        !isBreaking ||
        point.isAtServer !== (to === client) ||
        bytes.length <= point.bytes;
      if (isWhole) {
        to.write(bytes);
        if (point?.isAtServer === (to === client)) point.bytes -= bytes.length;
        return;
      }
      broken += 1;
      const at = point.bytes;
      point.bytes = Infinity;
      if (point.kind === "damage") {
        to.write(bytes.map((byte, index) => (index === at ? byte ^ 0xff : byte)));
        return;
      }
      isOver = true;
      to.write(bytes.subarray(0, at), () => {
        for (const socket of [client, server]) {
          if (point.kind === "reset") socket.resetAndDestroy();
          else socket.end();
        }
      });
    }
    client.on("data", (bytes: Buffer) => send(server, bytes));
    server.on("data", (bytes: Buffer) => send(client, bytes));
  }

  const relay = await startRelay({
    connect: () => connect({ host: "127.0.0.1", port: Number(port), noDelay: true }),
    carry,
  });
  const address = new URL(url);
  address.port = String(relay.port);
  return {
    url: address.href,
    get broken() {
      return broken;
    },
    break() {
      isBreaking = true;
      relay.endAll();
    },
    heal: () => void (isBreaking = false),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
