// The listening socket: opened with every limit set, closed without dropping a request.
import { hasErrno } from "../core/errno.ts";

/** Where and how to listen. */
export interface ListenOptions {
  readonly hostname: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whole seconds, up to 255: what an idle connection, a slow client or a slow answer may take. */
  readonly idleTimeoutSeconds: number;
  fetch(request: Request): Response | Promise<Response>;
}

/** Thrown if the socket cannot be opened; the message is for the operator. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** The server's own limit is out of the way, so that too large a body gets our answer. */
const noBodyLimit = Number.MAX_SAFE_INTEGER;

/**
 * Opens the socket.
 *
 * @throws ListenError if the port is taken or the address is not ours
 */
export function listen({
  hostname,
  port,
  idleTimeoutSeconds,
  fetch,
}: ListenOptions): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname,
      port,
      fetch,
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: noBodyLimit,
      reusePort: false,
      development: false,
      error: () => new Response(null, { status: 500 }),
    });
  } catch (cause) {
    const isTaken = hasErrno(cause, "EADDRINUSE");
    const why = isTaken
      ? "the port is taken; stop the other process or set PORT, e.g. PORT=9000"
      : String(cause instanceof Error ? cause.message : cause);
    throw new ListenError(`Cannot listen on ${hostname}:${port}: ${why}`, { cause });
  }
}

/** How long a header that has begun to arrive is waited for when nothing else is left, in ms. */
const lastArrivalMs = 500;

/**
 * Stops accepting and waits until every answer is sent.
 *
 * @param graceMs how long that may take; what is left then is cut
 * @returns whether everything was answered in time
 */
export async function closeServer(
  server: Bun.Server<undefined>,
  graceMs: number,
): Promise<boolean> {
  let isStopped = false;
  void server.stop().then(() => (isStopped = true));
  const endsAt = performance.now() + graceMs;
  let pendingAt = performance.now();
  // A client that has sent half a header would hold it up until the end.
  while (!isStopped && performance.now() < Math.min(endsAt, pendingAt + lastArrivalMs)) {
    await Bun.sleep(5);
    if (server.pendingRequests > 0) pendingAt = performance.now();
  }
  const isClean = server.pendingRequests === 0;
  await server.stop(true);
  return isClean;
}
