// An HTTP/1.1 client of next to no cost, for load: one kept connection, one request at a time on it,
// and bytes that go out as they are given.
import type { Socket } from "bun";
import { readAnswer } from "./raw-response.ts";

/** An answer, read whole. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** A connection that is opened when it is needed, and again after it was closed. */
export interface RawClient extends Disposable {
  /** Sends a request. Rejects if the connection breaks before its answer is whole. */
  send(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<RawAnswer>;
  /** Sends what is given, whatever it is, and reads one answer. */
  exchange(request: string, method?: string): Promise<RawAnswer>;
  /** Opens the connection, so that the next request is on its way when `exchange` returns. */
  open(): Promise<void>;
  /** Leaves at once, whatever is under way. */
  leave(): void;
}

/** Why there is no answer. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
}

interface Exchange extends PromiseWithResolvers<RawAnswer> {
  readonly method: string;
  /** Whether the server is asked to close the connection, which it does not always confirm. */
  readonly isLast: boolean;
  /** What is still to be sent. */
  unsent: Uint8Array;
}

/** Makes a client of a port of this machine. */
export function rawClient(port: number): RawClient {
  let socket: Socket | undefined;
  let received = Buffer.alloc(0);
  let current: Exchange | undefined;

  function settle(result: RawAnswer | ConnectionClosed): void {
    const settled = current;
    current = undefined;
    received = Buffer.alloc(0);
    if (result instanceof Error) settled?.reject(result);
    else settled?.resolve(result);
  }

  function flush(to: Socket): void {
    if (current === undefined || current.unsent.length === 0) return;
    current.unsent = current.unsent.subarray(Math.max(0, to.write(current.unsent)));
  }

  function forget(closed: Socket): void {
    if (closed !== socket) return;
    socket = undefined;
    settle(new ConnectionClosed("The connection was closed before an answer was whole"));
  }

  const handler = {
    data(from: Socket, chunk: Buffer) {
      if (from !== socket || current === undefined) return;
      received = received.length === 0 ? Buffer.from(chunk) : Buffer.concat([received, chunk]);
      const read = readAnswer(received, current.method);
      if (read === undefined) return;
      const { status, headers, body } = read.answer;
      const isLast = current.isLast || headers.get("connection") === "close";
      settle({ status, headers, body: body.toString() });
      if (isLast) leave();
    },
    drain: flush,
    close: forget,
    error: forget,
    end: forget,
  };

  function leave(): void {
    const left = socket;
    socket = undefined;
    left?.terminate();
    settle(new ConnectionClosed("Left before there was an answer"));
  }

  async function open(): Promise<Socket> {
    return (socket ??= await Bun.connect({ hostname: "127.0.0.1", port, socket: handler }));
  }

  async function exchange(request: string, method = "GET"): Promise<RawAnswer> {
    const opened = socket ?? (await open());
    if (current !== undefined) throw new Error("One request at a time");
    const isLast = request.includes("\r\nconnection: close\r\n");
    const unsent = Buffer.from(request);
    current = { ...Promise.withResolvers<RawAnswer>(), method, isLast, unsent };
    const { promise } = current;
    flush(opened);
    return promise;
  }

  return {
    exchange,
    open: async () => void (await open()),
    send(method, path, headers = {}, body) {
      const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const length = body === undefined ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
      const head = `${method} ${path} HTTP/1.1\r\nhost: a\r\n${fields.join("")}${length}\r\n`;
      return exchange(head + (body ?? ""), method);
    },
    leave,
    [Symbol.dispose]: leave,
  };
}
