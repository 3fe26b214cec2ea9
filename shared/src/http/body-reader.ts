// Bodies on their way in. Clients may be slow, and must not take anything from the others by it:
// what arrives is bounded in bytes, one by one and all together, and in time.
import { bodyTooLarge, malformedBody, noRoomForBody, slowBody } from "./common-problems.ts";
import { HttpProblem } from "./problem.ts";

/** What all bodies that are arriving may hold together, in bytes, unless a single one may be larger. */
const maxBufferedBytes = 67_108_864;

/** A body may take half a minute, and a second more for every so many bytes. */
const mostMs = 30_000;
const bytesPerMs = 65.536;

/** How often it is looked for bodies that take too long, in ms: a timer for each would be dear. */
const sweepMs = 1000;

/** One body that is arriving. */
interface Arrival {
  /** What it may hold: its declared length, or what has come so far where none is declared. */
  bytes: number;
  /** When it has taken too long, in monotonic ms. */
  readonly endsAt: number;
  refuse(reason: Error): void;
}

/** Reads the bodies of requests. */
export interface BodyReader {
  /**
   * The body of a request, empty if it has none.
   *
   * @throws HttpProblem 413 if it is too large, 408 if it takes too long, 400 if the client leaves
   * before it is whole, 503 if all that is arriving is too much and this is the largest
   */
  read(request: Request): Promise<Uint8Array>;
}

/** @param maxBytes what one body may have, which is not asked again of declared lengths */
export function bodyReader(
  maxBytes: number,
  { timeMs = mostMs, heldBytes = Math.max(maxBufferedBytes, maxBytes) } = {},
): BodyReader {
  const arriving = new Set<Arrival>();
  let held = 0;
  let sweeping: Timer | undefined;

  function sweep(): void {
    const now = performance.now();
    for (const { endsAt, refuse } of arriving) if (endsAt <= now) refuse(slowBody());
    if (arriving.size > 0) return;
    clearInterval(sweeping);
    sweeping = undefined;
  }

  function grow(arrival: Arrival, bytes: number): void {
    arrival.bytes += bytes;
    held += bytes;
    // The largest gives way, so that nobody with a usual body is hurt by those who send huge ones.
    while (held > heldBytes) {
      const largest = [...arriving].reduce((a, b) => (b.bytes > a.bytes ? b : a));
      largest.refuse(noRoomForBody());
      leave(largest);
    }
  }

  function leave(arrival: Arrival): void {
    if (arriving.delete(arrival)) held -= arrival.bytes;
  }

  async function readPieces(
    body: ReadableStream<Uint8Array> | null,
    arrival: Arrival,
  ): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of body ?? []) {
      length += piece.byteLength;
      if (length > maxBytes) throw bodyTooLarge(maxBytes);
      if (!arriving.has(arrival)) break;
      grow(arrival, piece.byteLength);
      pieces.push(piece);
    }
    return Buffer.concat(pieces, length);
  }

  return {
    async read(request) {
      const declared = request.headers.get("content-length");
      const { promise: settled, resolve, reject } = Promise.withResolvers<Uint8Array>();
      const mostBytes = declared === null ? maxBytes : Number(declared);
      const endsAt = performance.now() + timeMs + mostBytes / bytesPerMs;
      const arrival: Arrival = { bytes: 0, endsAt, refuse: reject };
      arriving.add(arrival);
      sweeping ??= setInterval(sweep, Math.min(sweepMs, timeMs));
      try {
        if (declared !== null) grow(arrival, mostBytes);
        // A declared length was compared with the limit before, and the server holds the client to it.
        const bytes = declared === null ? readPieces(request.body, arrival) : request.bytes();
        bytes.then(resolve, reject);
        return await settled;
      } catch (error) {
        throw error instanceof HttpProblem ? error : malformedBody(error);
      } finally {
        leave(arrival);
      }
    },
  };
}
