// The Expect field of requests (RFC 9110, 10.1.1): a client may wait for a 100 (Continue) before it
// sends the body.

/**
 * Whether the client waits for a 100 (Continue) that Bun does not send: Bun sends it where the field is
 * `100-continue`, in lower case and alone. Such a client needs a final response at once, with
 * `Connection: close`: what it sends next on the connection may be its body or another request.
 * Other expectations are ignored.
 */
export function awaitsContinue(headers: Headers): boolean {
  const field = headers.get("expect");
  if (field === null || field === "100-continue") return false;
  return field
    .split(",")
    .some((expectation) => expectation.trim().toLowerCase() === "100-continue");
}

/** The `User-Agent` of `java.net.http.HttpClient` in JDK 11 to 19. */
const brokenJdk = /^Java-http-client\/1[1-9]\b/;

/**
 * The response to a client that {@link awaitsContinue}, as this client can read it.
 *
 * The HttpClient of older JDKs spells the field `100-Continue`, reads the body of a final response
 * twice, and then waits forever (JDK-8286171): it gets problems without their body.
 */
export function withoutContinue(response: Response, { headers }: Request): Response {
  response.headers.set("connection", "close");
  const isReadTwice = response.status >= 400 && brokenJdk.test(headers.get("user-agent") ?? "");
  return isReadTwice ? new Response(null, response) : response;
}
