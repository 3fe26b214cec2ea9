// Asks a service on this machine whether it is ready, for images that have no curl.
import { hasErrno } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import { everyAddress, urlHost } from "../http/server.ts";

/** Where the service listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

const timeoutMs = 2000;

/**
 * The hosts to ask, in this order; the next one only if there is no connection. A service on every
 * address is asked over IPv6, and over IPv4 where the machine has no IPv6.
 */
function hostsOf(host: string): readonly string[] {
  if (host === everyAddress) return ["::1", "127.0.0.1"];
  return [host === "0.0.0.0" ? "127.0.0.1" : host];
}

/** What a connection fails with at once where nothing listens, or where there is no IPv6. */
const noConnection = ["ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENETUNREACH"] as const;

/** The status of a GET. Unlike `fetch`, it ignores proxy variables and follows no redirect. */
async function statusOf(url: string, signal: AbortSignal): Promise<number | undefined> {
  const { get } = await import("node:http"); // loaded here, since it takes 10 ms of every start
  return new Promise((resolve, reject) => {
    const request = get(url, { signal }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });
}

/**
 * @param signal ends the wait for a response
 * @returns why the service is not ready; undefined if it is
 */
export async function healthCheck(
  { host, port }: Address,
  signal = AbortSignal.timeout(timeoutMs),
): Promise<string | undefined> {
  const failures: string[] = [];
  for (const each of hostsOf(host)) {
    const url = `http://${urlHost(each)}:${port}/ready`;
    try {
      const status = await statusOf(url, signal);
      return status === 200 ? undefined : `${url} responded with status ${status}`;
    } catch (error) {
      const failure = signal.aborted ? ` within ${timeoutMs / 1000} s` : `: ${errorMessage(error)}`;
      failures.push(`${url} did not respond${failure}`);
      if (!hasErrno(error, ...noConnection)) break;
    }
  }
  return failures.join("; ");
}
