import { describe, expect, test } from "bun:test";
import { rejectionOf } from "@platform/shared/testing/running-service";
import { boundedFetch } from "../../src/user-service/bounded-fetch.ts";

const mebibyte = 1024 * 1024;

/** What comes of asking a neighbour that answers like this. */
const ask = (response: Response, init?: RequestInit) =>
  boundedFetch(() => Promise.resolve(response))("http://users/users/1", init);

/** A body that comes in pieces of 64 KiB, and ends or breaks off after `pieces`. */
function inPieces(pieces: number, end: "ends" | "breaks off" = "ends") {
  const progress = { read: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      progress.read += 1;
      if (progress.read <= pieces) controller.enqueue(new Uint8Array(65_536).fill(0x20));
      else if (end === "ends") controller.close();
      else controller.error(new Error("connection reset"));
    },
    cancel: () => void (progress.isCancelled = true),
  });
  return { body, progress };
}

describe("an answer that can be used", () => {
  test.each([[{ id: "1" }], [[]], ["text"], [0], [null]])("is a 200 of JSON: %j", async (value) => {
    const response = await ask(Response.json(value));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(value);
  });

  test("may be as long as a mebibyte, whether it says so or not", async () => {
    const longest = JSON.stringify("x".repeat(mebibyte - 2));
    for (const headers of [{}, { "content-length": String(mebibyte) }]) {
      const response = await ask(new Response(longest, { headers }));
      expect(await response.json()).toHaveLength(mebibyte - 2);
    }
  });

  test.each([204, 304, 400, 404, 429, 500, 503, 599])(
    "is any other status, whatever comes with it: %i",
    async (status) => {
      const body = status === 204 || status === 304 ? null : "<html>";
      const response = await ask(new Response(body, { status }));
      expect(response.status).toBe(status);
      expect(await response.text()).toBe("");
    },
  );
});

describe("an answer that makes no sense", () => {
  test.each([
    ["empty", ""],
    ["HTML", "<html>"],
    ["cut JSON", '{"id":'],
    ["compressed", Bun.gzipSync("{}")],
    ["in another encoding", Buffer.from('{"name":"Zo\xeb"}', "latin1")],
  ])("is a 200 that is %s", async (_, body) => {
    expect(await rejectionOf(ask(new Response(body)))).toMatchObject({
      name: "UselessAnswer",
      status: 200,
      isCut: false,
    });
  });

  test.each([200, 404, 500])(
    "is a %i of more than a mebibyte, which is not read on",
    async (status) => {
      const { body, progress } = inPieces(1000);
      expect(await rejectionOf(ask(new Response(body, { status })))).toMatchObject({
        name: "UselessAnswer",
        status,
        isCut: false,
      });
      expect(progress.read).toBeLessThan(25);
      expect(progress.isCancelled).toBe(true);
    },
  );

  test("is a longer one in chunks, whatever length it claims", async () => {
    const { body, progress } = inPieces(1000);
    const headers = { "content-length": "10", "transfer-encoding": "chunked" };
    const error = await rejectionOf(ask(new Response(body, { headers })));
    expect(error).toMatchObject({ name: "UselessAnswer", status: 200, isCut: false });
    expect(progress.read).toBeLessThan(25);
  });

  test("is one that says that it is longer, which is not read at all", async () => {
    const { body, progress } = inPieces(1000);
    const headers = { "content-length": String(mebibyte + 1) };
    const error = await rejectionOf(ask(new Response(body, { headers })));
    expect(error).toMatchObject({ name: "UselessAnswer", status: 200, isCut: false });
    expect(progress.read).toBeLessThan(2);
    expect(progress.isCancelled).toBe(true);
  });
});

describe("an answer that breaks off", () => {
  test("has a status, and another try could be luckier", async () => {
    const { body } = inPieces(1, "breaks off");
    expect(await rejectionOf(ask(new Response(body)))).toMatchObject({
      name: "UselessAnswer",
      status: 200,
      isCut: true,
      cause: new Error("connection reset"),
    });
  });

  test("since nobody waits for it any more is told as just that", async () => {
    const { body } = inPieces(1, "breaks off");
    const error = await rejectionOf(ask(new Response(body), { signal: AbortSignal.abort() }));
    expect(error).toEqual(new Error("connection reset"));
  });
});

test("where there is no answer at all, the reason is passed on", async () => {
  const failed = boundedFetch(() => Promise.reject(new TypeError("refused")));
  expect(await rejectionOf(failed("http://users/"))).toEqual(new TypeError("refused"));
});

test("the neighbour is asked what was to be asked, and for no compressed answer", async () => {
  using neighbour = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ method, headers }) =>
      Response.json([method, headers.get("x-request-id"), headers.get("accept-encoding")]),
  });
  const headers = { "x-request-id": "abc" };
  const response = await boundedFetch(fetch)(neighbour.url, { method: "PUT", headers });
  expect(await response.json()).toEqual(["PUT", "abc", null]);
});
