// Asks a service on this machine whether it is ready, for images that have no curl.

/** Where the service listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

const timeoutMs = 2000;

/** A host for a URL; an address that stands for all of a machine's becomes the loopback address. */
function urlHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** The status of a GET. Unlike `fetch`, it ignores proxy variables and follows no redirect. */
async function statusOf(url: string): Promise<number | undefined> {
  const { get } = await import("node:http"); // loaded here, since it takes 10 ms of every start
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });
}

/** @returns why the service is not ready; undefined if it is */
export async function healthCheck({ host, port }: Address): Promise<string | undefined> {
  const url = `http://${urlHost(host)}:${port}/ready`;
  try {
    const status = await statusOf(url);
    return status === 200 ? undefined : `${url} responded with status ${status}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${url} did not respond: ${reason}`;
  }
}
