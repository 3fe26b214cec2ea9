// The addresses of a host name. Bun keeps those of a name for 30 s, also after a connection to them has
// failed, and has no call that makes Bun forget them.

/** Resolves with the addresses that a name has now; with none if it has none or that is unknown. */
export type LookUp = (hostname: string) => Promise<readonly string[]>;

/** Asks the C library, as Bun does, but without Bun's cache. IPv6 addresses come in brackets. */
export async function lookUpByLibc(hostname: string): Promise<readonly string[]> {
  try {
    const found = await Bun.dns.lookup(hostname, { backend: "libc" });
    return found.map(({ address, family }) => (family === 6 ? `[${address}]` : address));
  } catch {
    return [];
  }
}

const ipAddress = /^\[|^[\d.]+$/;

/** Whether the host of a URL is an IP address, which needs no look-up. */
export function isIpAddress(host: string): boolean {
  return ipAddress.test(host);
}
