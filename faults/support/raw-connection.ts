// A connection on which anything can be sent, by a client that follows no rule.
import { connect, type Socket } from "node:net";
import { readAnswer, type RawAnswer } from "./raw-response.ts";

/** What to send; characters stand for one byte each (Latin-1). */
export type Bytes = string | Uint8Array;

/** One TCP connection, cut with the scope. */
export interface RawConnection extends AsyncDisposable {
  readonly socket: Socket;
  /** Resolves when the bytes have left, or there is nobody any more to take them. */
  write(bytes: Bytes): Promise<void>;
  /**
   * Takes the next whole answer.
   *
   * @param method of the request that it answers
   * @throws Error if the connection ends first, or nothing comes for two minutes
   */
  answer(method?: string): Promise<RawAnswer>;
  /** Resolves with what was not taken, once the other side has ended the connection. */
  ended(): Promise<Buffer>;
}

/** Longer than any answer may take, and no guess at how long one does take. */
const patienceMs = 120_000;

/** Connects to a port of this machine. */
export async function openConnection(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let received = Buffer.alloc(0);
  let isOver = false;
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  const end = () => {
    isOver = true;
    tell();
  };
  const { promise: isOpen, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", resolve);
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    tell();
  });
  socket.on("error", reject).on("error", end).on("end", end).on("close", end);
  await isOpen;

  /** Waits for more bytes or the end. */
  async function more(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error("Nothing came for two minutes")),
      patienceMs,
    );
    await Promise.race([news.promise, late.promise]).finally(() => clearTimeout(timer));
  }

  return {
    socket,
    write(bytes) {
      const sent = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      return new Promise((resolve) => void socket.write(sent, () => resolve()));
    },
    async answer(method = "GET") {
      for (;;) {
        const read = readAnswer(received, method);
        if (read) {
          received = received.subarray(read.length);
          return read.answer;
        }
        if (isOver) {
          const start = JSON.stringify(received.toString("latin1", 0, 200));
          throw new Error(`The connection ended without a whole answer, after ${start}`);
        }
        await more();
      }
    },
    async ended() {
      while (!isOver) await more();
      return received;
    },
    async [Symbol.asyncDispose]() {
      // Unlike an orderly end, a reset leaves no port behind that waits for a minute.
      socket.resetAndDestroy();
    },
  };
}
