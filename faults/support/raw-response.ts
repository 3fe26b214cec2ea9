// Reads HTTP answers from bytes, and takes nothing for granted about them.

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const blankLine = Buffer.from("\r\n\r\n");

/** A chunked body (RFC 9112, 7.1) and where it ends; undefined if it is not whole yet. */
function readChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (!Number.isInteger(size)) throw new Error("The answer has a chunk without a size");
    const data = lineEnd + 2;
    const end = data + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(data, end - 2));
    at = end;
  }
}

/**
 * The first answer in what came, and how many bytes it took; undefined if it is not whole yet.
 * Interim answers (1xx) are passed over.
 *
 * @param method of the request: an answer to HEAD has no body
 * @throws Error if it is no HTTP answer at all
 */
export function readAnswer(
  bytes: Buffer,
  method: string,
): { answer: RawAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf(blankLine);
  if (headEnd < 0) return undefined;
  const [statusLine = "", ...fields] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1]);
  if (!(status >= 100)) throw new Error(`The answer starts with ${JSON.stringify(statusLine)}`);
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    headers.append(field.slice(0, colon), field.slice(colon + 1).trim());
  }
  const start = headEnd + blankLine.length;
  if (status < 200) {
    const next = readAnswer(bytes.subarray(start), method);
    return next && { answer: next.answer, length: start + next.length };
  }
  if (method === "HEAD" || status === 204 || status === 304) {
    return { answer: { status, headers, body: Buffer.alloc(0) }, length: start };
  }
  if (headers.get("transfer-encoding") === "chunked") {
    const chunked = readChunks(bytes, start);
    return chunked && { answer: { status, headers, body: chunked.body }, length: chunked.end };
  }
  const length = start + Number(headers.get("content-length"));
  if (bytes.length < length) return undefined;
  return { answer: { status, headers, body: bytes.subarray(start, length) }, length };
}
