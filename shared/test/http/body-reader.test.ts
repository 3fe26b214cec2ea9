import { describe, expect, test } from "bun:test";
import { bodyReader } from "../../src/http/body-reader.ts";
import { rejectionOf } from "../../testing/running-service.ts";

/** A POST request with this body; its length is declared as `declared` says. */
function post(body: RequestInit["body"], declared?: number): Request {
  const headers = declared === undefined ? {} : { "content-length": String(declared) };
  return new Request("http://localhost/", { method: "POST", headers, body });
}

/** A body that comes in pieces, and how many of them were asked for. */
function inPieces(pieces: readonly Uint8Array<ArrayBuffer>[]) {
  const progress = { read: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces[progress.read];
      progress.read += 1;
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
    cancel: () => void (progress.isCancelled = true),
  });
  return { body, progress };
}

/** A body that begins with so many bytes and does not end. */
function unending(bytes = 1) {
  let end = () => undefined as void;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(bytes));
      end = () => controller.close();
    },
  });
  return { body, end: () => end() };
}

const read = async (request: Request, maxBytes = 100) =>
  new TextDecoder().decode(await bodyReader(maxBytes).read(request));

describe("a body", () => {
  test("is read whole, its length declared or not", async () => {
    expect(await read(post("some text", 9))).toBe("some text");
    expect(await read(post(new Blob(["some text"]).stream()))).toBe("some text");
  });

  test("that is not there is empty", async () => {
    expect(await read(post(null))).toBe("");
    expect(await read(post(null, 0))).toBe("");
    expect(await read(post(inPieces([]).body))).toBe("");
  });

  test("is put together where it was cut", async () => {
    const bytes = new TextEncoder().encode("😀");
    const { body } = inPieces(Array.from(bytes, (_, at) => bytes.slice(at, at + 1)));
    expect(await read(post(body))).toBe("😀");
  });

  test("of exactly the limit is read", async () => {
    const { body } = inPieces([new Uint8Array(5), new Uint8Array(4)]);
    expect(await read(post(body), 9)).toHaveLength(9);
  });

  test("over the limit is refused, and no more of it is read", async () => {
    const { body, progress } = inPieces(Array(1000).fill(new Uint8Array(10)));
    expect(await rejectionOf(read(post(body), 25))).toMatchObject({
      status: 413,
      detail: "Body is larger than the 25 bytes allowed",
    });
    expect(progress.read).toBeLessThan(10);
    expect(progress.isCancelled).toBe(true);
  });

  test("whose client leaves is a fault of the client's", async () => {
    const body = new ReadableStream({ start: (it) => it.error(new Error("ECONNRESET")) });
    expect(await rejectionOf(read(post(body)))).toMatchObject({ status: 400 });
  });

  test.each([undefined, 100])("that does not end is given up (declared: %p)", async (declared) => {
    const bodies = bodyReader(100, { timeoutMs: 1 });
    expect(await rejectionOf(bodies.read(post(unending().body, declared)))).toMatchObject({
      status: 408,
      headers: { connection: "close" },
    });
  });
});

describe("many bodies at once", () => {
  test("are held as far as there is room, then the largest gives way", async () => {
    const bodies = bodyReader(100, { maxBufferedBytes: 150 });
    const [small, large, medium] = [unending(), unending(), unending()];
    const reads = [
      bodies.read(post(small.body, 10)),
      bodies.read(post(large.body, 90)),
      bodies.read(post(medium.body, 60)),
    ];
    expect(await rejectionOf(Promise.race(reads))).toMatchObject({
      status: 503,
      headers: { connection: "close", "retry-after": "1" },
    });
    small.end();
    medium.end();
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("of no declared length count by what has come of them", async () => {
    const bodies = bodyReader(100, { maxBufferedBytes: 100 });
    const waiting = Array.from({ length: 50 }, () => unending(1));
    const reads = waiting.map(({ body }) => bodies.read(post(body)));
    const { body } = inPieces([new Uint8Array(40), new Uint8Array(40)]);
    expect(await rejectionOf(bodies.read(post(body)))).toMatchObject({ status: 503 });
    for (const { end } of waiting) end();
    expect(await Promise.all(reads)).toHaveLength(50);
  });

  test("make room again when they are read, refused or given up", async () => {
    const bodies = bodyReader(100, { maxBufferedBytes: 100, timeoutMs: 1 });
    for (let n = 0; n < 5; n += 1) {
      await bodies.read(post("x".repeat(100), 100));
      await rejectionOf(bodies.read(post(unending().body, 100)));
      await rejectionOf(bodies.read(post(new Blob(["x".repeat(101)]).stream())));
    }
    expect(await bodies.read(post("x".repeat(100), 100))).toHaveLength(100);
  });
});
