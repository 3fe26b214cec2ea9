// A fetch that reads whole responses, and no more of them than user-service would send.
import { isTooDeep, parseJson } from "@platform/shared/core/json";
import { noProxy } from "@platform/shared/core/no-proxy";
import { readBody } from "@platform/shared/core/read-body";

/** The part of fetch that a client needs. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A hundred users are some 30 kB; this is far beyond, and still harmless. */
const maxBytes = 1024 * 1024;

/** Thrown for a response that has a status, but no content that can be used. */
export class UnusableResponse extends Error {
  override readonly name = "UnusableResponse";

  /** @param isCut whether it broke off in the middle, so that a retry may succeed */
  constructor(
    readonly status: number,
    readonly isCut: boolean,
    cause?: unknown,
  ) {
    super(isCut ? "The response broke off" : "The response is not what was asked for", { cause });
  }
}

async function readWhole(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { headers, status } = response;
  const length = headers.get("content-length");
  // A transfer coding overrides the length (RFC 9112, 6.3).
  if (length === null || headers.has("transfer-encoding")) {
    const bytes = await readBody(response, maxBytes);
    if (bytes === undefined) throw new UnusableResponse(status, false);
    return bytes;
  }
  if (Number(length) > maxBytes) {
    await response.body?.cancel();
    throw new UnusableResponse(status, false);
  }
  // Without a look at `body`, which makes Bun build a stream: a tenth of what a lone order costs.
  return Buffer.from(await response.arrayBuffer());
}

/** Refuses what Eden cannot parse. */
function checkJson(bytes: Uint8Array, status: number): void {
  if (isTooDeep(bytes)) throw new UnusableResponse(status, false);
  try {
    parseJson(bytes);
  } catch (cause) {
    throw new UnusableResponse(status, false, cause);
  }
}

/** The statuses whose body says something: a gateway's 404 is not one of user-service. */
const statusesWithBody = new Set([200, 404]);

function withoutBody(status: number): Response {
  if (status < 200 || status > 599) throw new UnusableResponse(status, false);
  return new Response(null, { status });
}

const json = { "content-type": "application/json" };

/**
 * Wraps a fetch so that it resolves when the whole response has arrived, of at most 1 MiB. A 200 and
 * a 404 are JSON, whatever their media type; of any other status the body is dropped.
 *
 * @throws UnusableResponse, and whatever fetch throws if there was no response at all
 */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const options: BunFetchRequestInit = { ...init, ...noProxy, decompress: false };
    const response = await fetch(input, options);
    const { status } = response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await readWhole(response);
    } catch (error) {
      if (error instanceof UnusableResponse || init?.signal?.aborted) throw error;
      // A 503 is one, also where a proxy cuts its page.
      if (!statusesWithBody.has(status)) return withoutBody(status);
      throw new UnusableResponse(status, true, error);
    }
    if (!statusesWithBody.has(status)) return withoutBody(status);
    checkJson(bytes, status);
    return new Response(bytes, { status, headers: json });
  };
}
