// Ports for servers that a test or a benchmark starts as processes of their own.

/**
 * Below the ports that the kernel gives to outgoing connections, and to a server that asks for any port. One of
 * these would take the port before the server starts or while it is stopped, or even connect to itself.
 */
const range = { first: 10_000, end: 32_768 };

// By chance, because many processes of one run choose ports.
let next = range.first + Math.floor(Math.random() * (range.end - range.first));

/** Whether no process listens on a port, at any address of this machine. */
function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

/**
 * A port that no process listens on, or the first of several in a row. A process gets a port again only after
 * all others.
 */
export function freePort(count = 1): number {
  for (;;) {
    if (next + count > range.end) next = range.first;
    const first = next;
    next += count;
    if (Array.from({ length: count }, (_, index) => first + index).every(isFree)) return first;
  }
}
