// What a broken user-service tells order-service, with secrets in it.
import { user } from "../support/platform/fake-user-service.ts";
import { httpResponse, respond, respondAndClose } from "../support/upstream-behaviours.ts";
import type { Behaviour } from "../support/fake-upstream.ts";
import { secret } from "./secret-words.ts";

const word = secret("upstream");
const field = `x-token: ${word}`;
const person = { ...user, name: word, email: `${word}@example.com` };
const ok = "HTTP/1.1 200 OK\r\n";

/** What it does, and what order-service makes of it. Faults alternate with what is none. */
export const garbling: readonly (readonly [what: string, status: 502 | 503, does: Behaviour])[] = [
  ["a token that is no JSON", 502, respond(httpResponse("200 OK", `${word}.abc`, field))],
  ["a failure with a body", 502, respond(httpResponse(`500 ${word}`, word, `set-cookie: ${word}`))],
  ["JSON with a bare word", 502, respond(httpResponse("200 OK", `{"id": ${word}}`, field))],
  ["a refusal for now", 503, respond(httpResponse(`429 ${word}`, word, `retry-after: ${word}`))],
  [
    "another user",
    502,
    respond(httpResponse("200 OK", JSON.stringify({ ...person, id: word }), field)),
  ],
  ["what is not HTTP", 503, respondAndClose(`${word}\r\n\r\n`)],
  [
    "a user without a name",
    502,
    respond(httpResponse("200 OK", JSON.stringify({ ...person, name: 5 }))),
  ],
  ["an answer that breaks off", 502, respondAndClose(`${ok}content-length: 99\r\n\r\n{"${word}`)],
  [
    "another address",
    502,
    respond(httpResponse("302 Found", "", `location: http://${word}.example/`)),
  ],
  ["a malformed field", 503, respondAndClose(`${ok}${word}\r\n\r\n`)],
  ["what is not compressed", 502, respond(httpResponse("200 OK", word, "content-encoding: gzip"))],
  ["a malformed chunk", 502, respondAndClose(`${ok}transfer-encoding: chunked\r\n\r\n${word}\r\n`)],
  ["a status of its own", 502, respond(httpResponse(`418 ${word}`, word))],
];
