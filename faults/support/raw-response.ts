// Reads HTTP responses from bytes without trusting anything about them.

/** A response as its bytes stood on the wire. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const blankLine = Buffer.from("\r\n\r\n");

/** Reads a chunked body (RFC 9112, 7.1); undefined while it is incomplete. */
function readChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (!Number.isInteger(size)) throw new Error("The response has a chunk without a size");
    const data = lineEnd + 2;
    const end = data + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(data, end - 2));
    at = end;
  }
}

/**
 * Reads the first final response and its length in bytes, skipping interim responses (1xx);
 * undefined while it is incomplete.
 *
 * @param method of the request: a response to HEAD has no body
 * @throws Error if the bytes are not an HTTP response
 */
export function readResponse(
  bytes: Buffer,
  method: string,
): { response: RawResponse; length: number } | undefined {
  const headEnd = bytes.indexOf(blankLine);
  if (headEnd < 0) return undefined;
  const [statusLine = "", ...fields] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1]);
  if (!(status >= 100)) throw new Error(`The response starts with ${JSON.stringify(statusLine)}`);
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  const start = headEnd + blankLine.length;
  if (status < 200) {
    const next = readResponse(bytes.subarray(start), method);
    return next && { response: next.response, length: start + next.length };
  }
  if (method === "HEAD" || status === 204 || status === 304) {
    return { response: { status, headers, body: Buffer.alloc(0) }, length: start };
  }
  if (headers.get("transfer-encoding") === "chunked") {
    const chunked = readChunks(bytes, start);
    return chunked && { response: { status, headers, body: chunked.body }, length: chunked.end };
  }
  const length = start + Number(headers.get("content-length"));
  if (bytes.length < length) return undefined;
  return { response: { status, headers, body: bytes.subarray(start, length) }, length };
}
