// What caches and browsers may do with a response. A response that says nothing may be kept by any cache
// for as long as the cache guesses (RFC 9111, 4.2.2): clients would then see a resource as it was before a
// PATCH.

/**
 * The fields of responses that no cache may keep: problems, and those of management routes. With
 * `nosniff`, a browser does not take JSON for a script or a page, whatever is in it.
 */
export const uncached = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
} as const;

/**
 * The `Cache-Control` of a route's response to this method. A client may keep the response to a GET or HEAD,
 * and has to ask with `If-None-Match` before it uses it again. A cache that clients share may not keep it.
 */
export function cacheControl(method: string): "private, no-cache" | "no-store" {
  return method === "GET" || method === "HEAD" ? "private, no-cache" : "no-store";
}

/** Names a request field on which a response depends, beside those that `Vary` may name already. */
export function addVary(response: Headers, field: string): void {
  if (response.get("vary")?.includes(field) !== true) response.append("vary", field);
}
