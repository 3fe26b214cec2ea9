// Reads request bodies. A slow client must not take memory or time from the others, so arriving bodies
// are bounded in bytes, each and all together, and in time.
import { bodyTooLarge, malformedBody, noRoomForBody, slowBody } from "./common-problems.ts";
import { HttpProblem } from "./problem.ts";

/** Bytes that all arriving bodies may take together, unless one alone may be larger. */
const defaultMaxBufferedBytes = 67_108_864;

/** A body may take 30 s, and 1 s more for every 64 KiB of it. */
const defaultTimeoutMs = 30_000;
const minBytesPerMs = 65.536;

/** Interval of the time-out sweep, in ms; one timer per body is too expensive. */
const sweepMs = 1000;

/** One arriving body. */
interface Arrival {
  /** Bytes that it takes: its declared length, or what has arrived where none is declared. */
  bytes: number;
  /** When it times out, in ms of the monotonic clock. */
  readonly endsAt: number;
  reject(reason: Error): void;
}

/**
 * Makes a function that reads the body of a request, empty if it has none, and that bounds what all
 * arriving bodies take together. It rejects with an HttpProblem: 413 if the body is too large, 408 if
 * it takes too long, 400 if the client leaves before it is whole, 503 if all arriving bodies take too
 * much and this one is the largest.
 *
 * @param maxBytes of one body. A declared length is not compared with it: check it before
 * @param options `timeoutMs` of an empty body, 30 s by default; `maxBufferedBytes` of all arriving
 * bodies, by default 64 MiB or `maxBytes`, whichever is more
 */
export function bodyReader(
  maxBytes: number,
  {
    timeoutMs = defaultTimeoutMs,
    maxBufferedBytes = Math.max(defaultMaxBufferedBytes, maxBytes),
  } = {},
): (request: Request) => Promise<Uint8Array> {
  const arriving = new Set<Arrival>();
  let bufferedBytes = 0;
  let sweeping: Timer | undefined;

  function sweep(): void {
    const now = performance.now();
    for (const { endsAt, reject } of arriving) if (endsAt <= now) reject(slowBody);
    if (arriving.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  function grow(arrival: Arrival, bytes: number): void {
    arrival.bytes += bytes;
    bufferedBytes += bytes;
    // The largest body is rejected, so that clients with huge bodies cannot crowd out usual ones.
    while (bufferedBytes > maxBufferedBytes) {
      const largest = [...arriving].reduce((a, b) => (b.bytes > a.bytes ? b : a));
      largest.reject(noRoomForBody);
      arriving.delete(largest);
      bufferedBytes -= largest.bytes;
    }
  }

  async function readChunks(
    body: ReadableStream<Uint8Array> | null,
    arrival: Arrival,
  ): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of body ?? []) {
      length += chunk.byteLength;
      if (length > maxBytes) throw bodyTooLarge(maxBytes);
      if (!arriving.has(arrival)) break;
      grow(arrival, chunk.byteLength);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  }

  return async (request) => {
    const declared = request.headers.get("content-length");
    const { promise: settled, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const expectedBytes = declared === null ? maxBytes : Number(declared);
    const endsAt = performance.now() + timeoutMs + expectedBytes / minBytesPerMs;
    const arrival: Arrival = { bytes: 0, endsAt, reject };
    arriving.add(arrival);
    sweeping ??= setInterval(sweep, Math.min(sweepMs, timeoutMs));
    try {
      if (declared !== null) grow(arrival, expectedBytes);
      // A declared length was compared with the limit before, and Bun reads no more than it.
      const bytes = declared === null ? readChunks(request.body, arrival) : request.bytes();
      bytes.then(resolve, reject);
      return await settled;
    } catch (error) {
      throw error instanceof HttpProblem ? error : malformedBody(error);
    } finally {
      if (arriving.delete(arrival)) bufferedBytes -= arrival.bytes;
    }
  };
}
