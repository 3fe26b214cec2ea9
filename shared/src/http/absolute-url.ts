// The URL of a request whose Host field a client left out or garbled.

const origin = /^https?:\/\/[^/]*/;

/** The latest origin that could be parsed, with its slash. Most requests have it: clients share one. */
let parsedOrigin = "http://unknown-host/";

/**
 * The request with a URL that can be parsed. If the Host field is missing or malformed, Bun gives the
 * bare request target, which Elysia's router does not understand, or puts the target behind that Host
 * without resolving `..` in it.
 */
export function withAbsoluteUrl(request: Request): Request {
  const { url } = request;
  // No path makes a URL with a good origin malformed.
  if (url.startsWith(parsedOrigin)) return request;
  const [found = ""] = origin.exec(url) ?? [];
  if (found !== "" && URL.canParse(url)) {
    parsedOrigin = `${found}/`;
    return request;
  }
  const path = url.slice(found.length);
  const target = URL.parse(`http://unknown-host${path.startsWith("/") ? path : "/"}`);
  return new Request(target?.href ?? "http://unknown-host/", request);
}
