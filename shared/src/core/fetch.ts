// The part of fetch that a client of one URL needs, so that a test can hand in its own.

/** As the global `fetch` for a URL. Rejects if no response arrives. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
