// Requests written out byte by byte: what HTTP allows, whatever a usual client would make of it.
import type { Bytes } from "./raw-connection.ts";

/** A request as it goes over the wire. */
export interface RawRequest {
  readonly method: string;
  /** As in the request line, not encoded any further. */
  readonly target: string;
  /** In this order, repeated if they are repeated. One character is one byte (Latin-1). */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Bytes | undefined;
  /** In chunks of so many bytes; with a Content-Length if left out. */
  readonly chunkBytes?: number | undefined;
}

/** The bytes of characters that stand for one byte each, or of a body as it is. */
function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Buffer.from(bytes);
}

/** A body in chunks (RFC 9112, 7.1). */
export function chunked(body: Uint8Array, chunkBytes: number): Buffer {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const data = body.subarray(at, at + chunkBytes);
    parts.push(bytesOf(`${data.length.toString(16)}\r\n`), data, bytesOf("\r\n"));
  }
  return Buffer.concat([...parts, bytesOf("0\r\n\r\n")]);
}

/** The request's bytes, with a Host and with the field that says where its body ends. */
export function requestBytes({
  method,
  target,
  headers = [],
  body,
  chunkBytes,
}: RawRequest): Buffer {
  const content = body === undefined ? undefined : bytesOf(body);
  const fields = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  if (!headers.some(([name]) => name.toLowerCase() === "host")) fields.unshift("Host: test\r\n");
  if (content) {
    const framing = chunkBytes ? "Transfer-Encoding: chunked" : `Content-Length: ${content.length}`;
    fields.push(`${framing}\r\n`);
  }
  const head = bytesOf(`${method} ${target} HTTP/1.1\r\n${fields.join("")}\r\n`);
  if (!content) return head;
  return Buffer.concat([head, chunkBytes ? chunked(content, chunkBytes) : content]);
}

/** A request that sends JSON text, in UTF-8 if it is a string. */
export function sendingJson(method: string, target: string, json: string | Uint8Array): RawRequest {
  return {
    method,
    target,
    headers: [["Content-Type", "application/json"]],
    body: typeof json === "string" ? Buffer.from(json) : json,
  };
}
