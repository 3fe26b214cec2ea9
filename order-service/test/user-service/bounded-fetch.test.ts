import { describe, expect, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/rejection-of";
import { boundedFetch } from "../../src/user-service/bounded-fetch.ts";

const mebibyte = 1024 * 1024;

/** Fetches from an upstream that responds like this. */
const fetchOf = (response: Response, init?: RequestInit) =>
  boundedFetch(() => Promise.resolve(response))("http://users/users/1", init);

/** The error for a response with this status, which broke off or cannot be used. */
const unusable = (status: number, isCut = false) => ({ name: "UnusableResponse", status, isCut });

/** A body in chunks of 64 KiB, which ends or breaks off after `chunks` of them. */
function inChunks(chunks: number, end: "ends" | "breaks off" = "ends") {
  const progress = { read: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      progress.read += 1;
      if (progress.read <= chunks) controller.enqueue(new Uint8Array(65_536).fill(0x20));
      else if (end === "ends") controller.close();
      else controller.error(new Error("connection reset"));
    },
    cancel: () => void (progress.isCancelled = true),
  });
  return { body, progress };
}

describe("boundedFetch() of a usable response", () => {
  const values: [unknown][] = [[{ id: "1" }], [[]], ["text"], [0], [null]];
  test.each(values)("returns the JSON of a 200: %j", async (value) => {
    const response = await fetchOf(Response.json(value));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(value);
  });

  test("returns the JSON of a 404, whatever its media type", async () => {
    const problem = { detail: "User not found" };
    for (const type of ["application/json", "application/problem+json", "text/plain"]) {
      const init = { status: 404, headers: { "content-type": type } };
      const response = await fetchOf(new Response(JSON.stringify(problem), init));
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual(problem);
    }
  });

  test("accepts a mebibyte, with and without Content-Length", async () => {
    const longest = JSON.stringify("x".repeat(mebibyte - 2));
    for (const headers of [{}, { "content-length": String(mebibyte) }]) {
      const response = await fetchOf(new Response(longest, { headers }));
      expect(await response.json()).toHaveLength(mebibyte - 2);
    }
  });

  const statuses = [204, 304, 400, 429, 500, 503, 599];
  test.each(statuses)("returns status %i without its body", async (status) => {
    const body = status === 204 || status === 304 ? null : "<html>";
    const response = await fetchOf(new Response(body, { status }));
    expect(response.status).toBe(status);
    expect(await response.text()).toBe("");
  });
});

describe("boundedFetch() of an unusable response", () => {
  test.each([
    ["empty", ""],
    ["HTML", "<html>"],
    ["cut JSON", '{"id":'],
    ["compressed", Bun.gzipSync("{}")],
    ["in another encoding", Buffer.from('{"name":"Zo\xeb"}', "latin1")],
  ])("rejects a 200 and a 404 whose body is %s", async (_, body) => {
    for (const status of [200, 404]) {
      const error = await rejectionOf(fetchOf(new Response(body, { status })));
      expect(error).toMatchObject(unusable(status));
    }
  });

  test.each([200, 404, 500])("rejects a %i over a mebibyte, and reads no more", async (status) => {
    const { body, progress } = inChunks(1000);
    const error = await rejectionOf(fetchOf(new Response(body, { status })));
    expect(error).toMatchObject(unusable(status));
    expect(progress.read).toBeLessThan(25);
    expect(progress.isCancelled).toBe(true);
  });

  test("rejects a longer one in chunks, whatever its Content-Length", async () => {
    const { body, progress } = inChunks(1000);
    const headers = { "content-length": "10", "transfer-encoding": "chunked" };
    const error = await rejectionOf(fetchOf(new Response(body, { headers })));
    expect(error).toMatchObject(unusable(200));
    expect(progress.read).toBeLessThan(25);
  });

  test("rejects one whose Content-Length is longer, and does not read it", async () => {
    const { body, progress } = inChunks(1000);
    const headers = { "content-length": String(mebibyte + 1) };
    const error = await rejectionOf(fetchOf(new Response(body, { headers })));
    expect(error).toMatchObject(unusable(200));
    expect(progress.read).toBeLessThan(2);
    expect(progress.isCancelled).toBe(true);
  });
});

describe("boundedFetch() of a response that breaks off", () => {
  test("rejects with its status, and marks it as cut", async () => {
    const { body } = inChunks(1, "breaks off");
    const error = await rejectionOf(fetchOf(new Response(body)));
    expect(error).toMatchObject({ ...unusable(200, true), cause: new Error("connection reset") });
  });

  test.each([429, 500, 503, 504])("returns status %i, whose body says nothing", async (status) => {
    const { body } = inChunks(1, "breaks off");
    const response = await fetchOf(new Response(body, { status }));
    expect(response.status).toBe(status);
    expect(await response.text()).toBe("");
  });

  test("passes on the error if the caller aborted it", async () => {
    const { body } = inChunks(1, "breaks off");
    const error = await rejectionOf(fetchOf(new Response(body), { signal: AbortSignal.abort() }));
    expect(error).toEqual(new Error("connection reset"));
  });
});

describe("boundedFetch()", () => {
  test("passes on the error of a fetch without a response", async () => {
    const failed = boundedFetch(() => Promise.reject(new TypeError("refused")));
    expect(await rejectionOf(failed("http://users/"))).toEqual(new TypeError("refused"));
  });

  test("sends the caller's method and headers, and accepts no compression", async () => {
    using upstream = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ method, headers }) =>
        Response.json([method, headers.get("x-request-id"), headers.get("accept-encoding")]),
    });
    const headers = { "x-request-id": "abc" };
    const response = await boundedFetch(fetch)(upstream.url, { method: "PUT", headers });
    expect(await response.json()).toEqual(["PUT", "abc", null]);
  });
});
