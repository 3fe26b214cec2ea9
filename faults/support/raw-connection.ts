// One TCP connection on which a test can send any bytes. Under load a client must not slow the service
// down, hence Bun's sockets: 31 µs a request on 1,024 connections, server included, against node:net's 44.
import type { Socket } from "bun";
import { readResponse, type RawResponse } from "./raw-response.ts";

/** Bytes to send; each character of a string stands for one byte (Latin-1). */
export type Bytes = string | Uint8Array;

/** The connection broke, so there is no complete response. */
export class ConnectionClosed extends Error {
  override readonly name = "ConnectionClosed";
}

/** A TCP connection; disposing resets it. */
export interface RawConnection extends Disposable {
  readonly isOpen: boolean;
  /** Resolves when the kernel has the bytes, or the connection is closed. One write at a time. */
  write(bytes: Bytes): Promise<void>;
  /**
   * Takes the next complete response.
   *
   * @param method of the request that it responds to
   * @throws ConnectionClosed if the connection ends first, or nothing arrives for two minutes
   */
  response(method?: string): Promise<RawResponse>;
  /**
   * Takes the interim response (1xx) that the server sends next.
   *
   * @throws ConnectionClosed if the connection ends first
   */
  interimStatus(): Promise<number>;
  /** Half-closes the connection: the client sends nothing more. */
  finish(): void;
  /** Waits until the server closes the connection. @returns all responses not taken before */
  responses(): Promise<RawResponse[]>;
  /** Stops reading, so that the server's send buffer fills up. */
  pause(): void;
  resume(): void;
}

/** Longer than any response may take, so that a silent server fails the test and not the run. */
const maxSilenceSeconds = 120;

/** Connects to a port of this machine. */
export async function openConnection(port: number): Promise<RawConnection> {
  let received = Buffer.alloc(0);
  let unsent = Buffer.alloc(0);
  let isOpen = true;
  let change = Promise.withResolvers<void>();
  const notify = () => {
    change.resolve();
    change = Promise.withResolvers();
  };
  const close = () => {
    isOpen = false;
    notify();
  };
  function flush(to: Socket): void {
    unsent = unsent.subarray(Math.max(0, to.write(unsent)));
    if (unsent.length === 0) notify();
  }
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, chunk) {
        received = received.length === 0 ? Buffer.from(chunk) : Buffer.concat([received, chunk]);
        notify();
      },
      drain: flush,
      close,
      end: close,
      error: close,
      timeout: (silent) => silent.terminate(),
    },
  });
  socket.timeout(maxSilenceSeconds);

  function take(method: string): RawResponse | undefined {
    const read = readResponse(received, method);
    if (read) received = received.subarray(read.length);
    return read?.response;
  }

  return {
    get isOpen() {
      return isOpen;
    },
    async write(bytes) {
      unsent = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Buffer.from(bytes);
      if (isOpen) flush(socket);
      while (isOpen && unsent.length > 0) await change.promise;
    },
    async response(method = "GET") {
      for (;;) {
        const response = take(method);
        if (response) return response;
        if (!isOpen) {
          const start = JSON.stringify(received.toString("latin1", 0, 200));
          throw new ConnectionClosed(`Closed without a complete response, after ${start}`);
        }
        await change.promise;
      }
    },
    async interimStatus() {
      for (;;) {
        const end = received.indexOf("\r\n\r\n");
        if (end >= 0) {
          const [, status] = received.toString("latin1", 0, end).split(" ");
          received = received.subarray(end + 4);
          return Number(status);
        }
        if (!isOpen) throw new ConnectionClosed("Closed without an interim response");
        await change.promise;
      }
    },
    finish: () => socket.shutdown(),
    async responses() {
      while (isOpen) await change.promise;
      const responses: RawResponse[] = [];
      while (received.length > 0) {
        const response = take("GET");
        if (!response) throw new Error(`Half a response: ${received.toString("latin1", 0, 500)}`);
        responses.push(response);
      }
      return responses;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    // A reset, unlike an orderly close, leaves no port behind in TIME_WAIT for a minute.
    [Symbol.dispose]: () => socket.terminate(),
  };
}
