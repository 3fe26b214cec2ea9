// How an upstream can respond, well and badly, in any protocol over TCP.
import type { Socket } from "node:net";
import type { Behaviour } from "./fake-upstream.ts";
import type { Bytes } from "./raw-connection.ts";

/** The bytes of an HTTP response with a correct Content-Length. */
export function http(status: string, body: Bytes = "", ...fields: readonly string[]): Buffer {
  const content = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, `content-length: ${content.length}`, ...fields];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), content]);
}

/** Responds and keeps the connection open. */
export function respond(bytes: Bytes): Behaviour {
  return { onRequest: (socket) => void socket.write(bytes) };
}

/** Responds and closes the connection. */
export function respondAndClose(bytes: Bytes): Behaviour {
  return { onRequest: (socket) => void socket.end(bytes) };
}

/** Responds and resets the connection. */
export function respondAndReset(bytes: Bytes): Behaviour {
  return { onRequest: (socket) => void socket.write(bytes, () => socket.resetAndDestroy()) };
}

/** Resets every connection at once. */
export const resetConnections: Behaviour = {
  onConnection: (socket) => void socket.resetAndDestroy(),
};

function pour(socket: Socket, piece: Buffer, maxBytes: number): void {
  for (let sent = 0; sent < maxBytes && !socket.destroyed; sent += piece.length) {
    if (socket.write(piece)) continue;
    socket.once("drain", () => pour(socket, piece, maxBytes - sent - piece.length));
    return;
  }
}

/** Sends `start` and then `piece` again and again, as fast as the client reads. */
export function flood(start: Bytes, piece: string, maxBytes = Number.POSITIVE_INFINITY): Behaviour {
  const many = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
  return {
    onRequest(socket) {
      socket.write(start);
      pour(socket, many, maxBytes);
    },
  };
}

/** Sends `start` and then the characters of `rest` one by one, over and over. */
export function drip(start: Bytes, rest: string, intervalMs = 50): Behaviour {
  return {
    onRequest(socket) {
      socket.write(start);
      let at = 0;
      const timer = setInterval(() => socket.write(rest.charAt(at++ % rest.length)), intervalMs);
      socket.on("close", () => clearInterval(timer));
    },
  };
}
