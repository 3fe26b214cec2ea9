// An HTTP/1.1 client of little cost, for load: one kept connection, one request at a time on it.
import { openConnection, type RawConnection } from "./raw-connection.ts";

/** A complete response, its body as text. */
export interface TextResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A request: method, path, header fields and body. */
export type RawClientRequest = [
  method: string,
  path: string,
  headers?: Readonly<Record<string, string>>,
  body?: string | undefined,
];

/** Connects when a request needs it, and again after the server has closed the connection. */
export interface RawClient extends Disposable {
  /**
   * Sends a request, never twice.
   *
   * @throws ConnectionClosed if the connection breaks before the response is complete
   */
  send(...request: RawClientRequest): Promise<TextResponse>;
}

/** Makes a client of a port of this machine. */
export function rawClient(port: number): RawClient {
  let connection: RawConnection | undefined;
  const disconnect = () => {
    connection?.[Symbol.dispose]();
    connection = undefined;
  };
  return {
    async send(method, path, headers = {}, body) {
      if (!connection?.isOpen) disconnect();
      connection ??= await openConnection(port);
      const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      if (body !== undefined) fields.push(`content-length: ${Buffer.byteLength(body)}\r\n`);
      const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\n${fields.join("")}\r\n`;
      await connection.write(Buffer.from(head + (body ?? "")));
      const response = await connection.response(method);
      if (response.headers.get("connection") === "close") disconnect();
      return { ...response, body: response.body.toString() };
    },
    [Symbol.dispose]: disconnect,
  };
}
