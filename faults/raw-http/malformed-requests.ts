// Bytes that are not an HTTP request, or one that a server must not act on.

const post = "POST /users HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";

/** The body of a valid request that creates a user. */
export const userText = '{"name":"Mallory","email":"mallory@example.com"}';

/** A request that creates a user; valid unless `length` is wrong. */
export function createUserRequest(length = userText.length): string {
  return `${post}Content-Length: ${length}\r\n\r\n${userText}`;
}

const smuggledText = '{"name":"Eve","email":"eve@example.com"}';

/** Creates another user if a server takes it for a request of its own. */
export const smuggled = `${post}Content-Length: ${smuggledText.length}\r\n\r\n${smuggledText}`;

const { length } = userText;
const chunks = `${length.toString(16)}\r\n${userText}\r\n0\r\n\r\n`;

/** A request with these framing fields, followed by the smuggled request. */
function framed(fields: string, body: string): string {
  return `${post}${fields}\r\n\r\n${body}${smuggled}`;
}

/** Requests that state the end of their body twice, wrongly or not at all. */
export const unclearLengths: Record<string, string> = {
  "a length and chunks": framed(
    `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
    userText,
  ),
  "chunks and a length": framed(`Transfer-Encoding: chunked\r\nContent-Length: 5`, `0\r\n\r\n`),
  "chunks and a length of nothing": framed(
    `Transfer-Encoding: chunked\r\nContent-Length: 0`,
    chunks,
  ),
  "two lengths": framed(`Content-Length: ${length}\r\nContent-Length: 5`, userText),
  "two lengths in one": framed(`Content-Length: ${length}, ${length}`, userText),
  "a negative length": framed("Content-Length: -1", userText),
  "a length with a sign": framed(`Content-Length: +${length}`, userText),
  "a length in hexadecimal": framed("Content-Length: 0x30", userText),
  "a length in words": framed("Content-Length: ten", userText),
  "a length with a fraction": framed(`Content-Length: ${length}.0`, userText),
  "a length with a blank": framed(`Content-Length: ${length} 0`, userText),
  "an empty length": framed("Content-Length:", userText),
  "a length past 64 bits": framed(`Content-Length: ${2n ** 64n + BigInt(length)}`, userText),
  "a length of many digits": framed(`Content-Length: ${"9".repeat(1000)}`, userText),
  "a blank before the colon": framed(`Content-Length : ${length}`, userText),
  "a coding with a blank before the colon": framed(`Transfer-Encoding : chunked`, chunks),
  "an unknown coding": framed("Transfer-Encoding: xchunked", chunks),
  "chunks that are compressed": framed("Transfer-Encoding: gzip, chunked", chunks),
  "chunks that are not last": framed("Transfer-Encoding: chunked, gzip", chunks),
  "chunks of chunks": framed("Transfer-Encoding: chunked, chunked", chunks),
  "two codings": framed("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", chunks),
  "an empty coding": framed("Transfer-Encoding:", chunks),
  "a coding after a fold": framed("X: y\r\n Transfer-Encoding: chunked", chunks),
  "a coding after a line feed": framed("X: y\nTransfer-Encoding: chunked", chunks),
  "a coding after a carriage return": framed("X: y\rTransfer-Encoding: chunked", chunks),
};

const chunky = (body: string) => framed("Transfer-Encoding: chunked", body);

/** Requests whose chunks contradict their sizes. */
export const brokenChunks: Record<string, string> = {
  "no size": chunky(`\r\n${userText}\r\n0\r\n\r\n`),
  "a size in words": chunky(`zz\r\n${userText}\r\n0\r\n\r\n`),
  "a negative size": chunky(`-30\r\n${userText}\r\n0\r\n\r\n`),
  "a size with a prefix": chunky(`0x30\r\n${userText}\r\n0\r\n\r\n`),
  "a size past 64 bits": chunky(`1${"0".repeat(16)}30\r\n${userText}\r\n0\r\n\r\n`),
  "a size that is too small": chunky(`5\r\n${userText}\r\n0\r\n\r\n`),
  "a size that is too large": chunky(`31\r\n${userText}\r\n0\r\n\r\n`),
  "a size that ends with a line feed": chunky(`30\n${userText}\r\n0\r\n\r\n`),
  "a chunk that ends with a line feed": chunky(`30\r\n${userText}\n0\r\n\r\n`),
  "a chunk that does not end": chunky(`30\r\n${userText}0\r\n\r\n`),
  "a size after a blank": chunky(` 30\r\n${userText}\r\n0\r\n\r\n`),
};

const get = (rest: string) => `GET /health HTTP/1.1\r\nHost: test\r\n${rest}\r\n\r\n`;

/** Bytes that are not a request, and requests that are far too large. */
export const notRequests: Record<string, string> = {
  "line feeds alone": "GET /health HTTP/1.1\nHost: test\n\n",
  "no Host": "GET /health HTTP/1.1\r\n\r\n",
  "HTTP/0.9": "GET /health\r\n\r\n",
  "HTTP/2.0": "GET /health HTTP/2.0\r\nHost: test\r\n\r\n",
  "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
  "a TLS greeting": "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
  "a greeting of SSH": "SSH-2.0-OpenSSH_9.9\r\n",
  "an authority for a target": "GET test:80 HTTP/1.1\r\nHost: test\r\n\r\n",
  "a target without a slash": "GET health HTTP/1.1\r\nHost: test\r\n\r\n",
  "a target of another protocol": "GET ftp://test/health HTTP/1.1\r\nHost: test\r\n\r\n",
  "a star for a target": "GET * HTTP/1.1\r\nHost: test\r\n\r\n",
  "a target with a NUL": "GET /he\0alth HTTP/1.1\r\nHost: test\r\n\r\n",
  "a target with a blank": "GET /he alth HTTP/1.1\r\nHost: test\r\n\r\n",
  "no target": "GET HTTP/1.1\r\nHost: test\r\n\r\n",
  "a field without a colon": get("X"),
  "a field without a name": get(": y"),
  "a field with a blank in its name": get("X Y: z"),
  "a field with a bracket in its name": get("X(: z"),
  "a field with a high byte in its name": get("X\xe9: z"),
  "a field with a NUL in its name": get("X\0: z"),
  "a field with a NUL in its value": get("X: y\0z"),
  "a field with a control character in its value": get("X: y\x01z"),
  "a folded field": get("X: y\r\n z"),
  "a blank before the first field": "GET /health HTTP/1.1\r\n Host: test\r\n\r\n",
  "a method of 20,000 letters": `${"A".repeat(20_000)} / HTTP/1.1\r\nHost: test\r\n\r\n`,
  "a target of 64 KiB": `GET /${"a".repeat(65_536)} HTTP/1.1\r\nHost: test\r\n\r\n`,
  "a field of 64 KiB": get(`X: ${"y".repeat(65_536)}`),
  "a field's name of 64 KiB": get(`${"X".repeat(65_536)}: y`),
  "10,000 fields": get("X: y\r\n".repeat(10_000) + "X: y"),
  NULs: "\0".repeat(70_000),
  "line ends": "\r\n".repeat(35_000),
};
