// How long the server keeps an idle connection, without ending a request that is at work on it.

/** The longest idle timeout that Bun takes, in seconds; also the default of the services. */
export const maxIdleTimeoutSeconds = 255;

/** Bun counts idle time in ticks of 4 s, and the first tick may come at once. */
const tickSeconds = 4;

/** Interval at which the timeouts of connections with a slow reader are renewed, in ms: below a tick. */
const renewMs = 1000;

/** How long a client may read nothing of its response, in ms. */
const maxStalledMs = 240_000;

type Handler = (request: Request) => Response | Promise<Response>;

/** The functions of Bun's server that are used here. */
type Server = Pick<Bun.Server<undefined>, "timeout" | "requestIP">;

/** What Bun's server is given. */
export interface IdleTimeout {
  /** Bun's `idleTimeout`, in seconds. */
  readonly seconds: number;
  fetch(this: void, request: Request, server: Server): Response | Promise<Response>;
}

/**
 * Makes the server keep an idle connection for `keepSeconds`, and at most 8 s longer (at
 * {@link maxIdleTimeoutSeconds} up to 3 s shorter).
 *
 * Bun's timeout also runs while a handler works, a client sends its body or reads its response, so
 * it is switched off until the handler responds, and then renewed until the response is sent. The
 * longest timeout stays as it is, which costs nothing: no request takes that long without a byte.
 *
 * @param keepSeconds from 1 to {@link maxIdleTimeoutSeconds}
 */
export function idleTimeout(keepSeconds: number, handle: Handler): IdleTimeout {
  const seconds = Math.min(keepSeconds + tickSeconds, maxIdleTimeoutSeconds);
  if (keepSeconds === maxIdleTimeoutSeconds) return { seconds, fetch: handle };

  /** Requests whose response is being sent, with the time at which renewing ends. */
  const sending = new Map<Request, number>();
  let responded: Request[] = [];
  let renewing: Timer | undefined;

  /** Bun knows the address of the client until the response is sent or the client has left. */
  const isOpen = (server: Server, request: Request) => server.requestIP(request) !== null;

  function renew(server: Server): void {
    const now = performance.now();
    for (const [request, endsAt] of sending) {
      if (endsAt <= now || !isOpen(server, request)) sending.delete(request);
      else server.timeout(request, seconds);
    }
    if (sending.size > 0) return;
    clearInterval(renewing);
    renewing = undefined;
  }

  /** Bun sends most responses in the turn of the event loop that makes them. */
  function findUnsent(server: Server): void {
    const endsAt = performance.now() + maxStalledMs;
    for (const request of responded) {
      if (isOpen(server, request)) sending.set(request, endsAt);
    }
    responded = [];
    if (sending.size > 0) renewing ??= setInterval(renew, renewMs, server);
  }

  function watchSending(request: Request, server: Server): void {
    if (responded.push(request) === 1) setImmediate(findUnsent, server);
  }

  async function whileAtWork(
    response: Promise<Response>,
    request: Request,
    server: Server,
  ): Promise<Response> {
    server.timeout(request, 0);
    try {
      return await response;
    } finally {
      server.timeout(request, seconds);
      watchSending(request, server);
    }
  }

  return {
    seconds,
    fetch(request, server) {
      const response = handle(request);
      if (response instanceof Promise) return whileAtWork(response, request, server);
      watchSending(request, server);
      return response;
    },
  };
}
