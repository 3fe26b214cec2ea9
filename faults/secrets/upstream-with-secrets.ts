// Responses of a broken user-service that contain secrets.
import type { Behaviour } from "../support/fake-upstream.ts";
import { user } from "../support/platform/fake-user-service.ts";
import { http, respond, respondAndClose } from "../support/upstream-behaviours.ts";
import { secret } from "./secret-words.ts";

const word = secret("upstream");
const field = `x-token: ${word}`;
const person = { ...user, name: word, email: `${word}@example.com` };
const ok = "HTTP/1.1 200 OK\r\n";

/**
 * The behaviours, and the status with which order-service refuses an order. Failures that the circuit
 * breaker counts alternate with others, so that the circuit stays closed.
 */
export const behavioursWithSecrets: readonly (readonly [
  what: string,
  status: 502 | 503,
  Behaviour,
])[] = [
  ["a token that is not JSON", 502, respond(http("200 OK", `${word}.abc`, field))],
  ["a failure with a body", 502, respond(http(`500 ${word}`, word, `set-cookie: ${word}`))],
  ["JSON with a bare word", 502, respond(http("200 OK", `{"id": ${word}}`, field))],
  ["a refusal with Retry-After", 503, respond(http(`429 ${word}`, word, `retry-after: ${word}`))],
  ["another user", 502, respond(http("200 OK", JSON.stringify({ ...person, id: word }), field))],
  ["bytes that are not HTTP", 503, respondAndClose(`${word}\r\n\r\n`)],
  ["a user without a name", 502, respond(http("200 OK", JSON.stringify({ ...person, name: 5 })))],
  ["a response that breaks off", 502, respondAndClose(`${ok}content-length: 99\r\n\r\n{"${word}`)],
  ["a redirect", 502, respond(http("302 Found", "", `location: http://${word}.example/`))],
  ["a malformed header field", 503, respondAndClose(`${ok}${word}\r\n\r\n`)],
  [
    "a body that is not compressed as declared",
    502,
    respond(http("200 OK", word, "content-encoding: gzip")),
  ],
  ["a malformed chunk", 502, respondAndClose(`${ok}transfer-encoding: chunked\r\n\r\n${word}\r\n`)],
  ["a refused token", 502, respond(http(`401 ${word}`, word, `www-authenticate: ${word}`))],
  ["an unexpected status", 502, respond(http(`418 ${word}`, word))],
];
