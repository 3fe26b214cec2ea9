// What Bun's server decides before the services see a request, as docs/reliability.md lists it. A new
// version of Bun may decide otherwise: then change the page too.
import { expect } from "bun:test";
import { test } from "../support/platform/targets.ts";
import { openConnection } from "../support/raw-connection.ts";
import { statusesUntilClosed } from "./conversation.ts";
import { createUserRequest } from "./malformed-requests.ts";

const host = "Host: test\r\n";
const get = (target: string, fields = host) => `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
const health = get("/health");
const post = (version: string, framing: string, body = "{}") =>
  `POST /users HTTP/${version}\r\n${host}Content-Type: application/json\r\n${framing}\r\n\r\n${body}`;
const chunks = "2\r\n{}\r\n0\r\n\r\n";
const fields = (count: number) => Array.from({ length: count }, (_, n) => `X-${n}: y\r\n`).join("");

/** Requests after which the server closes the connection, and the statuses of its responses. */
const refused: Record<string, [bytes: string, statuses: number[]]> = {
  "an empty line before a request": [`\r\n${health}`, [400]],
  "an empty line after a request": [`${health}\r\n${health}`, [200, 400]],
  // The server closes the connection before the transaction of the first request has been committed.
  "an empty line after a body": [`${createUserRequest()}\r\n`, [400]],
  "a field of 16 KiB": [get("/health", `${host}X: ${"y".repeat(16_384)}\r\n`), [431]],
  "a target of 16 KiB": [get(`/users?x=${"y".repeat(16_384)}`), [431]],
  "199 fields": [get("/health", host + fields(198)), [431]],
  "an unknown method": [health.replace("GET", "BREW"), []],
  "a method in lower case": [health.replace("GET", "get"), []],
  "a star as target": [health.replace("GET /health", "OPTIONS *"), [400]],
  "HTTP/1.0": ["GET /health HTTP/1.0\r\n\r\n", [200]],
  "HTTP/1.0 with keep-alive": ["GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200]],
  "HTTP/0.9": ["GET /health\r\n", [505]],
  "HTTP/1.2": [health.replace("1.1", "1.2"), [505]],
  "HTTP/2.0": [health.replace("1.1", "2.0"), [505]],
  "a version in lower case": [health.replace("HTTP", "http"), [505]],
  "a blank in the target": [get("/hea lth"), [505]],
  "lines that end with LF": [health.replaceAll("\r\n", "\n"), [505]],
  "the preface of HTTP/2": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
  "a TLS greeting": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]],
  "the PROXY protocol": [`PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${health}`, [400]],
  "a length and chunks": [
    post("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked", chunks),
    [400],
  ],
  "a length of 2^53": [post("1.1", `Content-Length: ${2 ** 53}`), [413]],
  "a length of 2^60": [post("1.1", `Content-Length: ${2n ** 60n}`), [400]],
  "two lengths": [post("1.1", "Content-Length: 2\r\nContent-Length: 3"), [400]],
  "a target that is no path": [get("health"), [400]],
  "a URL of another protocol as target": [get("ftp://test/health"), [400]],
  "chunks in HTTP/1.0": [post("1.0", "Transfer-Encoding: chunked", chunks), [400]],
  "no Host": [get("/health", ""), [400]],
  "a folded field": [get("/health", `${host}X: y\r\n z\r\n`), [400]],
  "a field without a colon": [get("/health", `${host}X\r\n`), [400]],
  "a blank before a colon": [get("/health", `${host}X : y\r\n`), [400]],
  "a NUL in a field": [get("/health", `${host}X: y\0z\r\n`), [400]],
};

/** Requests that are served like `GET /health`, on a connection that stays open. */
const served: Record<string, string> = {
  "198 fields": get("/health", host + fields(197)),
  "a URL as target": get("http://other.example/health?x=1"),
  "dots in the path": get("/users/../health"),
  "dots that are escaped": get("/users/%2e%2e/health"),
  "backslashes in the path": get(String.raw`/users\..\health`),
  "an upgrade to HTTP/2": get(
    "/health",
    `${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n`,
  ),
  "an upgrade to WebSocket": get(
    "/health",
    `${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n`,
  ),
  "two equal lengths": get("/health", `${host}Content-Length: 0\r\nContent-Length: 0\r\n`),
  "two Host fields": get("/health", `${host}Host: other.example\r\n`),
};

test("Bun's server responds as documented to what it refuses, and ends the connection", async (users) => {
  const found: Record<string, number[]> = {};
  for (const [name, [bytes]] of Object.entries(refused)) {
    found[name] = await statusesUntilClosed(users, bytes);
  }
  const expected = Object.entries(refused).map(([name, [, statuses]]) => [name, statuses]);
  expect(found).toEqual(Object.fromEntries(expected));
});

test("Bun's server hands on what it understands, and keeps the connection", async (users) => {
  for (const [name, bytes] of Object.entries(served)) {
    using connection = await openConnection(users.running.port);
    for (const request of [bytes, health]) {
      await connection.write(request);
      const { status, body } = await connection.response();
      expect([name, status, body.toString()]).toEqual([name, 200, '{"status":"ok"}']);
    }
  }
});
