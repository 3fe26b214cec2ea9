// Reads a JSON body that claims to be one, and no more of it than allowed.
import { bodyTooLarge, malformedBody } from "./common-problems.ts";
import { HttpProblem } from "./problem.ts";

const jsonType = /^application\/(?:[\w.!#$&^+-]+\+)?json\s*(?:;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]*)"?/i;

/** Whether a Content-Type says JSON: `application/json` or `application/*+json`, in UTF-8. */
export function isJsonType(contentType: string | null): boolean {
  if (contentType === null || !jsonType.test(contentType.trim())) return false;
  const encoding = charset.exec(contentType)?.[1];
  return encoding === undefined || /^utf-?8$/i.test(encoding);
}

/** Whether a request brings a body, which may be empty all the same if it is sent in chunks. */
export function hasBody(request: Request): boolean {
  const length = request.headers.get("content-length");
  return length === null ? request.body !== null : !/^0+$/.test(length);
}

/** Reads a body of unknown length, and gives up as soon as it is too long. */
async function readBounded(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > maxBytes) throw bodyTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The value in a request's JSON body; undefined if there is none.
 *
 * @throws HttpProblem 400 if it is not JSON in UTF-8 (RFC 8259), 413 if it is over `maxBytes`
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  if (request.body === null) return undefined;
  try {
    // A declared length was compared with the limit before, and the server holds the client to it.
    const bytes = request.headers.has("content-length")
      ? await request.arrayBuffer()
      : await readBounded(request.body, maxBytes);
    return bytes.byteLength === 0 ? undefined : JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    // A client that leaves before its body is whole sent no JSON either.
    throw cause instanceof HttpProblem ? cause : malformedBody(cause);
  }
}
