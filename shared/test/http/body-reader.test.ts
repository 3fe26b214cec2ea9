import { describe, expect, test } from "bun:test";
import { bodyReader } from "../../src/http/body-reader.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { post } from "./requests.ts";

/** A body in chunks, and how many of them were read. */
function inChunks(chunks: readonly Uint8Array<ArrayBuffer>[]) {
  const progress = { read: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[progress.read];
      progress.read += 1;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: () => void (progress.isCancelled = true),
  });
  return { body, progress };
}

/** A body that begins with so many bytes and ends when `end` is called. */
function unending(bytes = 1) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  void writer.write(new Uint8Array(bytes));
  return { body: readable, end: () => writer.close() };
}

const read = async (request: Request, maxBytes = 100) =>
  new TextDecoder().decode(await bodyReader(maxBytes)(request));

describe("bodyReader()", () => {
  test("reads a body whole, with and without a declared length", async () => {
    expect(await read(post("some text", 9))).toBe("some text");
    expect(await read(post(new Blob(["some text"]).stream()))).toBe("some text");
  });

  test("reads an absent body as empty", async () => {
    expect(await read(post(null))).toBe("");
    expect(await read(post(null, 0))).toBe("");
    expect(await read(post(inChunks([]).body))).toBe("");
  });

  test("joins chunks that split a character", async () => {
    const bytes = new TextEncoder().encode("😀");
    const { body } = inChunks(Array.from(bytes, (_, at) => bytes.slice(at, at + 1)));
    expect(await read(post(body))).toBe("😀");
  });

  test("reads a body of exactly the limit", async () => {
    const { body } = inChunks([new Uint8Array(5), new Uint8Array(4)]);
    expect(await read(post(body), 9)).toHaveLength(9);
  });

  test("rejects a body over the limit, and reads no more of it", async () => {
    const { body, progress } = inChunks(Array(1000).fill(new Uint8Array(10)));
    const detail = "Body is larger than the 25 bytes allowed";
    expect(await rejectionOf(read(post(body), 25))).toMatchObject({ status: 413, detail });
    expect(progress.read).toBeLessThan(10);
    expect(progress.isCancelled).toBe(true);
  });

  test("responds 400 where the client leaves", async () => {
    const body = new ReadableStream({ start: (it) => it.error(new Error("ECONNRESET")) });
    expect(await rejectionOf(read(post(body)))).toMatchObject({ status: 400 });
  });

  test.each([undefined, 100])("times out an unending body that declares %p", async (declared) => {
    const readBody = bodyReader(100, { timeoutMs: 1 });
    const error = await rejectionOf(readBody(post(unending().body, declared)));
    expect(error).toMatchObject({ status: 408, headers: { connection: "close" } });
  });

  test("rejects the largest body when all together are too large", async () => {
    const readBody = bodyReader(100, { maxBufferedBytes: 150 });
    const [small, large, medium] = [unending(), unending(), unending()];
    const reads = [
      readBody(post(small.body, 10)),
      readBody(post(large.body, 90)),
      readBody(post(medium.body, 60)),
    ];
    const headers = { connection: "close", "retry-after": "1" };
    expect(await rejectionOf(Promise.race(reads))).toMatchObject({ status: 503, headers });
    await Promise.all([small.end(), medium.end()]);
    const results = await Promise.allSettled(reads);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("counts a body without a declared length by what has arrived", async () => {
    const readBody = bodyReader(100, { maxBufferedBytes: 100 });
    const waiting = Array.from({ length: 50 }, () => unending(1));
    const reads = waiting.map(({ body }) => readBody(post(body)));
    const { body } = inChunks([new Uint8Array(40), new Uint8Array(40)]);
    expect(await rejectionOf(readBody(post(body)))).toMatchObject({ status: 503 });
    await Promise.all(waiting.map(({ end }) => end()));
    expect(await Promise.all(reads)).toHaveLength(50);
  });

  test("forgets a body that was read, rejected or timed out", async () => {
    const readBody = bodyReader(100, { maxBufferedBytes: 100, timeoutMs: 1 });
    for (let n = 0; n < 5; n += 1) {
      await readBody(post("x".repeat(100), 100));
      await rejectionOf(readBody(post(unending().body, 100)));
      await rejectionOf(readBody(post(new Blob(["x".repeat(101)]).stream())));
    }
    expect(await readBody(post("x".repeat(100), 100))).toHaveLength(100);
  });
});
