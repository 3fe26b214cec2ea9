import { describe, expect, spyOn, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import type { Problem } from "../../src/http/problem.ts";
import {
  closeServer,
  everyAddress,
  listen,
  ListenError,
  type ListenOptions,
} from "../../src/http/server.ts";
import { heldCall } from "../../testing/held-call.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

type Handler = (request: Request) => Response | Promise<Response>;

const silent = { error: () => undefined };

/** A server on a free port, stopped after the test. */
function startServer(fetch: Handler, logger: ListenOptions["logger"] = silent) {
  const options = { hostname: "127.0.0.1", port: 0, idleTimeoutSeconds: 10 };
  const server = listen({ ...options, fetch, logger });
  return {
    server,
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const listenOn = (hostname: string, port: number) => () =>
  listen({ hostname, port, idleTimeoutSeconds: 10, fetch: () => new Response(), logger: silent });

describe("listen()", () => {
  test("takes a free port for port 0 and serves on it", async () => {
    await using it = startServer(({ method }) => new Response(method));
    expect(it.server.port).toBeGreaterThan(0);
    expect(await (await fetch(it.url)).text()).toBe("GET");
  });

  test("does not share a taken port, and says so in one line", async () => {
    await using it = startServer(() => new Response());
    const message =
      `Cannot listen on 127.0.0.1:${it.server.port}: the port is taken; ` +
      "stop the other process or set PORT, e.g. PORT=9000";
    const start = listenOn("127.0.0.1", it.server.port ?? 0);
    expect(start).toThrow(ListenError);
    expect(start).toThrow(new ListenError(message));
  });

  test("serves both families on every address", async () => {
    using server = listenOn(everyAddress, 0)();
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect((await fetch(`http://${host}:${server.port}/`)).ok).toBe(true);
    }
  });

  test.each(["EAFNOSUPPORT", "EADDRNOTAVAIL"])(
    "serves IPv4 where the kernel has no IPv6 (%s)",
    async (code) => {
      using serve = spyOn(Bun, "serve").mockImplementationOnce(() => {
        throw Object.assign(new Error(), { code });
      });
      using server = listenOn(everyAddress, 0)();
      expect(server.hostname).toBe("0.0.0.0");
      expect(serve).toHaveBeenCalledTimes(2);
      expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(200);
    },
  );

  test.each([
    ["EACCES", "this user may not use a port below 1024; set PORT to a higher one, e.g. PORT=8000"],
    ["EAFNOSUPPORT", "this machine has no network of this family; set HOST to another address"],
    ["EMFILE", "too many files are open; raise the limit (ulimit -n)"],
  ])("puts %s into words", (code, words) => {
    using serve = spyOn(Bun, "serve").mockImplementationOnce(() => {
      throw Object.assign(new Error(`${code}: raw`), { code });
    });
    const start = listenOn("fd00::1", 80);
    expect(start).toThrow(`Cannot listen on [fd00::1]:80: ${words}`);
    expect(serve).toHaveBeenCalledTimes(1);
  });

  test.each(["no.such.host.invalid", "fe80::1"])("says in words that it cannot use %s", (host) => {
    expect(listenOn(host, 0)).toThrow(
      ": no address of this machine is known for it; set HOST to an IP address, or unset it",
    );
  });

  test("says in one line that an address is not one of this machine", () => {
    // RFC 5737: an address for documentation, which no machine has.
    const start = listenOn("192.0.2.1", 0);
    expect(start).toThrow(ListenError);
    expect(start).toThrow(
      "Cannot listen on 192.0.2.1:0: no network interface of this machine has the address; " +
        "set HOST to an address that one has, or unset it",
    );
  });

  test("responds with a problem to an error of the handler, and only the log has its cause", async () => {
    const cause = new Error("secret");
    const logged: unknown[] = [];
    const logger = { error: (...line: unknown[]) => void logged.push(line) };
    await using it = startServer(() => Promise.reject(cause), logger);
    const response = await fetch(it.url);
    expect(response.status).toBe(500);
    const text = await response.text();
    const problem = JSON.parse(text) as Problem;
    expect(problem).toMatchObject({ status: 500, code: "internal", instance: "/" });
    expect(problem.request_id).toBe(response.headers.get("x-request-id") ?? "");
    expect(text).not.toContain("secret");
    expect(logged).toEqual([[{ request_id: problem.request_id, err: cause }, "request failed"]]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("closeServer()", () => {
  test("sends the responses that are due, and accepts no connection", async () => {
    const { call, called, finish } = heldCall<Response>();
    await using it = startServer(call);
    const response = fetch(it.url);
    await called;
    const closed = closeServer(it.server, 10_000);
    expect(await rejectionOf(fetch(it.url, { keepalive: false }))).toBeInstanceOf(Error);
    finish(new Response("done"));
    expect(await (await response).text()).toBe("done");
    expect(await closed).toBe(true);
  });

  test("does not wait for idle connections", async () => {
    await using it = startServer(() => new Response("x"));
    await Promise.all(Array.from({ length: 5 }, async () => (await fetch(it.url)).text()));
    expect(await closeServer(it.server, 10_000)).toBe(true);
  });

  test("does not wait for the rest of a header", async () => {
    await using it = startServer(() => new Response("x"));
    const socket = connect(it.server.port ?? 0, "127.0.0.1");
    await once(socket, "connect");
    socket.resume().write("GET / HTTP/1.1\r\nHost: a\r\nX-Hal");
    await (await fetch(it.url)).text();
    const isClosed = once(socket, "close");
    expect(await closeServer(it.server, 60_000)).toBe(true);
    await isClosed;
  });

  test("cuts what is left when the grace runs out, and returns false", async () => {
    const { call, called } = heldCall<Response>();
    await using it = startServer(call);
    const cut = rejectionOf(fetch(it.url));
    await called;
    expect(await closeServer(it.server, 1)).toBe(false);
    expect(await cut).toBeInstanceOf(Error);
  });
});
