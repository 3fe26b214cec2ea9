// What a neighbour can do, good and bad.
import type { Socket } from "node:net";
import type { Behaviour } from "./fake-upstream.ts";

/** The user that orders are placed for. */
export const user = {
  id: "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
  name: "Alice",
  email: "alice@example.com",
  created_at: "2026-01-31T12:00:00.000Z",
  updated_at: "2026-01-31T12:00:00.000Z",
};

/** The same, as user-service sends it. */
export const userJson = JSON.stringify(user);

/** What is sent: text, or what is no text. */
export type Bytes = string | Buffer;

/** The bytes of an answer whose length is as it says. */
export function answer(status: string, body: Bytes = "", ...fields: readonly string[]): Buffer {
  const content = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, `content-length: ${content.length}`, ...fields];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), content]);
}

/** Answers, and keeps the connection. */
export function says(bytes: Bytes): Behaviour {
  return { asked: (socket) => void socket.write(bytes) };
}

/** Answers, and closes the connection. */
export function saysAndCloses(bytes: Bytes): Behaviour {
  return { asked: (socket) => void socket.end(bytes) };
}

/** Answers, and resets the connection. */
export function saysAndResets(bytes: Bytes): Behaviour {
  return { asked: (socket) => void socket.write(bytes, () => socket.resetAndDestroy()) };
}

function pour(socket: Socket, piece: Buffer, most: number): void {
  for (let sent = 0; sent < most && !socket.destroyed; sent += piece.length) {
    if (socket.write(piece)) continue;
    socket.once("drain", () => pour(socket, piece, most - sent - piece.length));
    return;
  }
}

/** Answers, and then sends a piece again and again, as fast as it is taken. */
export function pours(start: Bytes, piece: string, most = Number.POSITIVE_INFINITY): Behaviour {
  const many = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
  return {
    asked(socket) {
      socket.write(start);
      pour(socket, many, most);
    },
  };
}

/** Answers, and then goes on by the byte, for longer than anybody waits. */
export function drips(start: Bytes, rest: string, everyMs = 50): Behaviour {
  return {
    asked(socket) {
      socket.write(start);
      let at = 0;
      const timer = setInterval(() => socket.write(rest.charAt(at++ % rest.length)), everyMs);
      socket.on("close", () => clearInterval(timer));
    },
  };
}

/** Says of every user that it exists. */
export const well: Behaviour = {
  asked(socket, path) {
    const id = path.slice(path.lastIndexOf("/") + 1);
    socket.write(answer("200 OK", JSON.stringify({ ...user, id })));
  },
};
