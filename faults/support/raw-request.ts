// Requests written out byte by byte, so that they can hold anything that HTTP allows.
import type { Bytes } from "./raw-connection.ts";

/** A request as its bytes stand on the wire. */
export interface RawRequest {
  readonly method: string;
  /** As in the request line; it is not encoded any further. */
  readonly target: string;
  /** In this order, with repetitions. Each character is one byte (Latin-1). */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Bytes | undefined;
  /** Sends the body in chunks of this size; without it, with a Content-Length. */
  readonly chunkBytes?: number | undefined;
}

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

/** The request's bytes, with a Host and the field that states the length of the body. */
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

/** A request without a body. */
export function getting(target: string, ...headers: [name: string, value: string][]): RawRequest {
  return { method: "GET", target, headers };
}

/** A request that sends JSON text, a string in UTF-8. */
export function sendingJson(method: string, target: string, json: string | Uint8Array): RawRequest {
  return {
    method,
    target,
    headers: [["Content-Type", "application/json"]],
    body: typeof json === "string" ? Buffer.from(json) : json,
  };
}
