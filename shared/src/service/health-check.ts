// Asks a service on this machine whether it is ready: the images have no curl.

/** Where the service listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

const deadlineMs = 2000;

/** An address that can be called, for one that may stand for all. */
function callable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

/** The status of a GET; unlike fetch it asks no proxy and follows nowhere. */
async function statusOf(url: string): Promise<number | undefined> {
  const { get } = await import("node:http"); // a service that only serves does without its 10 ms
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(deadlineMs) }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });
}

/** @returns why the service is not ready; undefined if it is */
export async function healthCheck({ host, port }: Address): Promise<string | undefined> {
  const url = `http://${callable(host)}:${port}/ready`;
  try {
    const status = await statusOf(url);
    return status === 200 ? undefined : `${url} answered ${status}`;
  } catch (error) {
    return `${url} did not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
