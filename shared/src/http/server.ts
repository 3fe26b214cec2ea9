// The listening socket: opened with every limit set explicitly, closed without dropping a request.
import { hasErrno } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import type { Logger } from "../telemetry/logger.ts";
import { internalError } from "./common-problems.ts";
import { problemResponse } from "./problem.ts";
import { idleTimeout } from "./idle-timeout.ts";

/** Every address of the machine, IPv6 and IPv4: Bun's socket takes both, whatever `bindv6only` says. */
export const everyAddress = "::";

/** Every address of a machine whose kernel has no IPv6. */
const everyIPv4Address = "0.0.0.0";

/** Where and how to listen. */
export interface ListenOptions {
  /** For {@link everyAddress} the server listens on all IPv4 addresses where there is no IPv6. */
  readonly hostname: string;
  /** 0 means any free port. */
  readonly port: number;
  /** How long a connection without a request is kept; see {@link idleTimeout} for the range. */
  readonly idleTimeoutSeconds: number;
  fetch(request: Request): Response | Promise<Response>;
  /** Gets an error that `fetch` throws, a bug outside of all error handling. */
  readonly logger: Pick<Logger, "error">;
}

/** The socket cannot be opened. The message is for the operator. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Bun's own limit is switched off, so that a client with a too large body gets a problem document. */
const noBodyLimit = Number.MAX_SAFE_INTEGER;

/** A host as it stands in a URL: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Why the socket could not be opened, and what the operator can do about it. */
function reasonFor(cause: unknown): string {
  if (hasErrno(cause, "EADDRINUSE")) {
    return "the port is taken; stop the other process or set PORT, e.g. PORT=9000";
  }
  if (hasErrno(cause, "EACCES")) {
    return "this user may not use a port below 1024; set PORT to a higher one, e.g. PORT=8000";
  }
  // What Bun throws for a name without an address, and for a link-local address without interface.
  if (hasErrno(cause, "EINVAL", "EAGAIN", "ENOTFOUND")) {
    return "no address of this machine is known for it; set HOST to an IP address, or unset it";
  }
  return errorMessage(cause);
}

/**
 * Opens the socket.
 *
 * @throws ListenError if the port is taken or the address is not one of this machine
 */
export function listen(options: ListenOptions): Bun.Server<undefined> {
  const { hostname, port, idleTimeoutSeconds, fetch, logger } = options;
  const idle = idleTimeout(idleTimeoutSeconds, fetch);
  try {
    return Bun.serve({
      hostname,
      port,
      fetch: idle.fetch,
      idleTimeout: idle.seconds,
      maxRequestBodySize: noBodyLimit,
      reusePort: false,
      development: false,
      error(cause) {
        // Bun does not say which request it was.
        const requestId = Bun.randomUUIDv7();
        logger.error({ request_id: requestId, err: cause }, "request failed");
        const response = problemResponse(internalError(), { path: "/", requestId });
        response.headers.set("x-request-id", requestId);
        return response;
      },
    });
  } catch (cause) {
    const isWithoutIPv6 = hasErrno(cause, "EAFNOSUPPORT", "EADDRNOTAVAIL");
    if (hostname === everyAddress && isWithoutIPv6) {
      return listen({ ...options, hostname: everyIPv4Address });
    }
    const address = `${urlHost(hostname)}:${port}`;
    throw new ListenError(`Cannot listen on ${address}: ${reasonFor(cause)}`, { cause });
  }
}

/** How long an incomplete request header may delay the end when nothing else is in flight, in ms. */
const maxHeaderWaitMs = 500;

/**
 * Stops accepting connections and waits until every response is sent.
 *
 * @param graceMs how long that may take; connections that are left then are cut
 * @returns whether every response was sent in time
 */
export async function closeServer(
  server: Bun.Server<undefined>,
  graceMs: number,
): Promise<boolean> {
  let isStopped = false;
  void server.stop().then(() => (isStopped = true));
  const endsAt = performance.now() + graceMs;
  let pendingAt = performance.now();
  // stop() waits for a client that has sent half a header, which may never send the rest.
  while (!isStopped && performance.now() < Math.min(endsAt, pendingAt + maxHeaderWaitMs)) {
    await Bun.sleep(5);
    if (server.pendingRequests > 0) pendingAt = performance.now();
  }
  const isClean = server.pendingRequests === 0;
  await server.stop(true);
  return isClean;
}
