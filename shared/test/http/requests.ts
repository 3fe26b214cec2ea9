// Requests that fetch would not send, for the tests of this folder.
import { connect } from "node:net";

/** A POST request with this body; `declared` is its Content-Length, and none by default. */
export function post(body: RequestInit["body"], declared?: number | string): Request {
  const headers = declared === undefined ? {} : { "content-length": String(declared) };
  return new Request("http://localhost/", { method: "POST", headers, body });
}

interface RawExchange {
  /** What the client waits for before it closes the connection. By default the end of an object. */
  readonly until?: string | undefined;
  /** Whether the client half-closes its connection after the bytes. */
  readonly halfCloses?: boolean;
}

/** What a server sends for these bytes, until it closes or has sent `until`. */
export function exchange(
  port: number,
  bytes: string,
  { until = "}", halfCloses = false }: RawExchange = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      if (halfCloses) socket.end();
    });
    socket.on("data", (chunk) => {
      received += chunk;
      if (received.includes(until)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
  });
}
