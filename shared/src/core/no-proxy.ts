// Requests that HTTP_PROXY must not redirect.

/**
 * Options that keep fetch from HTTP_PROXY, which Bun heeds for loopback addresses too. Bun's types do not
 * know that `proxy` may be `false`.
 */
export const noProxy = { proxy: false } as unknown as BunFetchRequestInit;
