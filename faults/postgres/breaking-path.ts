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
  readonly isAtServer: boolean;
  /** How many bytes arrive before. */
  bytes: number;
}

/** About so many bytes of one direction belong to the handshake and the log-in, and so many to the first statements. */
const spans = [700, 3000, 40_000];

/** Where the connection with this number breaks: the same in every run. */
function pointOf(n: number, kinds: readonly Break[]): Point {
  const span = spans[n % spans.length] ?? 0;
  return {
    kind: kinds[Math.floor(n / 2) % kinds.length] ?? "end",
    isAtServer: n % 2 === 0,
    // The fraction of multiples of the golden ratio is spread evenly.
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
    const send = (to: Socket, bytes: Buffer): void => {
      if (point === undefined || !isBreaking || point.isAtServer !== (to === client)) {
        to.write(bytes);
        return;
      }
      if (bytes.length <= point.bytes) {
        point.bytes -= bytes.length;
        to.write(bytes);
        return;
      }
      broken += 1;
      if (point.kind === "damage") {
        const damaged = Buffer.from(bytes);
        damaged[point.bytes] = (damaged[point.bytes] ?? 0) ^ 0xff;
        point.bytes = Infinity;
        to.write(damaged);
        return;
      }
      isOver = true;
      to.write(bytes.subarray(0, point.bytes), () => {
        for (const socket of [client, server]) {
          if (point.kind === "reset") socket.resetAndDestroy();
          else socket.end();
        }
      });
    };
    client.on("data", (bytes: Buffer) => void (isOver || send(server, bytes)));
    server.on("data", (bytes: Buffer) => void (isOver || send(client, bytes)));
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
