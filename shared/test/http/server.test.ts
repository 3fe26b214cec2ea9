import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { closeServer, listen, ListenError } from "../../src/http/server.ts";
import { rejectionOf } from "../../testing/running-service.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A server on a free port, stopped after the test. */
function serving(fetch: Handler) {
  const server = listen({ hostname: "127.0.0.1", port: 0, idleTimeoutSeconds: 10, fetch });
  return {
    server,
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** A handler that holds its answer back, and tells when it was called. */
function holding() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const handler = () => {
    asked.resolve();
    return answer.promise;
  };
  return { handler, asked: asked.promise, answer: answer.resolve };
}

/** Why a socket could not be opened. */
function refusal(hostname: string, port: number): string {
  try {
    void listen({ hostname, port, idleTimeoutSeconds: 10, fetch: () => new Response() }).stop(true);
    return "";
  } catch (error) {
    if (error instanceof ListenError) return error.message;
    throw error;
  }
}

describe("listening", () => {
  test("port 0 takes any free port, which is answered on", async () => {
    await using it = serving(({ method }) => new Response(method));
    expect(it.server.port).toBeGreaterThan(0);
    expect(await (await fetch(it.url)).text()).toBe("GET");
  });

  test("a port that is taken is not shared, and the operator is told in a line", async () => {
    await using it = serving(() => new Response());
    expect(refusal("127.0.0.1", it.server.port ?? 0)).toBe(
      `Cannot listen on 127.0.0.1:${it.server.port}: the port is taken; ` +
        "stop the other process or set PORT, e.g. PORT=9000",
    );
  });

  test("an address that is not this machine's is told in a line", () => {
    // RFC 5737: an address for documentation, which nobody has.
    expect(refusal("192.0.2.1", 0)).toMatch(/^Cannot listen on 192\.0\.2\.1:0: [^\n]+$/);
    expect(refusal("192.0.2.1", 0)).not.toContain("the port is taken");
  });

  test("an error that reaches the socket becomes a 500 that tells nothing", async () => {
    await using it = serving(() => Promise.reject(new Error("secret")));
    const response = await fetch(it.url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("");
  });
});

describe("closing", () => {
  test("an answer that is due is still given, and nobody new is let in", async () => {
    const { handler, asked, answer } = holding();
    await using it = serving(handler);
    const response = fetch(it.url);
    await asked;
    const closed = closeServer(it.server, 10_000);
    expect(await rejectionOf(fetch(it.url, { keepalive: false }))).toBeInstanceOf(Error);
    answer(new Response("done"));
    expect(await (await response).text()).toBe("done");
    expect(await closed).toBe(true);
  });

  test("connections that only idle do not hold it up", async () => {
    await using it = serving(() => new Response("x"));
    await Promise.all(Array.from({ length: 5 }, async () => (await fetch(it.url)).text()));
    expect(await closeServer(it.server, 10_000)).toBe(true);
  });

  test("half a header does not hold it up", async () => {
    await using it = serving(() => new Response("x"));
    const socket = connect(it.server.port ?? 0, "127.0.0.1");
    await once(socket, "connect");
    socket.resume().write("GET / HTTP/1.1\r\nHost: a\r\nX-Hal");
    await (await fetch(it.url)).text();
    const isClosed = once(socket, "close");
    expect(await closeServer(it.server, 60_000)).toBe(true);
    await isClosed;
  });

  test("when the grace runs out, what is left is cut and that is told", async () => {
    const { handler, asked } = holding();
    await using it = serving(handler);
    const cut = rejectionOf(fetch(it.url));
    await asked;
    expect(await closeServer(it.server, 1)).toBe(false);
    expect(await cut).toBeInstanceOf(Error);
  });
});
