// A fetch that reads an answer whole, and no more of it than an honest neighbour would send.

import { isTooDeep } from "@platform/shared/http/body-parser";

/** The part of fetch that a client needs. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** A user is a few hundred bytes; this is far beyond, and still harmless. */
const maxBytes = 1024 * 1024;

/** Thrown for an answer that has a status and no content that could be used. */
export class UnusableResponse extends Error {
  override readonly name = "UselessAnswer";

  /** @param isCut it broke off in the middle, so that another try could be luckier */
  constructor(
    readonly status: number,
    readonly isCut: boolean,
    cause?: unknown,
  ) {
    super(isCut ? "Answer broke off" : "Answer makes no sense", { cause });
  }
}

/** What fetch reads of an answer at most, if it knows; a transfer coding overrides it (RFC 9112, 6.3). */
function lengthOf(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("transfer-encoding") ? undefined : Number(length);
}

async function readWhole(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { status } = response;
  const length = lengthOf(response.headers);
  if (length !== undefined && length > maxBytes) {
    await response.body?.cancel();
    throw new UnusableResponse(status, false);
  }
  // Whoever looks at `body` makes a stream of it: a tenth of what a lone order costs.
  return length === undefined ? readStream(response) : Buffer.from(await response.arrayBuffer());
}

async function readStream({ body, status }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new UnusableResponse(status, false);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

// RFC 8259, 8.1: what is no UTF-8 is no JSON between systems.
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Refuses what the client's parser would stumble over. */
function checkJson(bytes: Uint8Array, status: number): void {
  if (isTooDeep(bytes)) throw new UnusableResponse(status, false);
  try {
    JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new UnusableResponse(status, false, cause);
  }
}

const json = { "content-type": "application/json" };

/**
 * Wraps a fetch so that an answer comes whole, of at most 1 MiB and, if it is a 200, of JSON.
 * Otherwise its status alone counts.
 *
 * @throws UselessAnswer, and whatever fetch throws if there was no answer at all
 */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    // Bun's types do not know that `false` keeps fetch from HTTP_PROXY.
    const direct = { decompress: false, proxy: false } as unknown as BunFetchRequestInit;
    const response = await fetch(input, { ...init, ...direct });
    const { status } = response;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await readWhole(response);
    } catch (error) {
      if (error instanceof UnusableResponse || init?.signal?.aborted) throw error;
      throw new UnusableResponse(status, true, error);
    }
    if (status === 200) {
      checkJson(bytes, status);
      return new Response(bytes, { headers: json });
    }
    if (status < 200 || status > 599) throw new UnusableResponse(status, false);
    return new Response(null, { status });
  };
}
