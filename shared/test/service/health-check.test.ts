import { describe, expect, test } from "bun:test";
import { healthCheck } from "../../src/service/health-check.ts";

/** A server on a free port that responds with one status, and keeps the paths of its requests. */
function respondingWith(status: number, paths: string[] = [], hostname = "127.0.0.1") {
  return Bun.serve({
    port: 0,
    hostname,
    fetch({ url }) {
      paths.push(new URL(url).pathname);
      return new Response("", { status });
    },
  });
}

describe("healthCheck()", () => {
  const hosts = ["127.0.0.1", "0.0.0.0", "localhost"];
  test.each(hosts)("finds no failure in a ready service that listens on %s", async (host) => {
    const paths: string[] = [];
    using service = respondingWith(200, paths);
    expect(await healthCheck({ host, port: Number(service.port) })).toBeUndefined();
    expect(paths).toEqual(["/ready"]);
  });

  test.each(["::", "::1", "127.0.0.1"])(
    "finds no failure in a ready service on every address, where it reaches %s",
    async (reached) => {
      const paths: string[] = [];
      using service = respondingWith(200, paths, reached);
      expect(await healthCheck({ host: "::", port: Number(service.port) })).toBeUndefined();
      expect(paths).toEqual(["/ready"]);
    },
  );

  test("reports the status of a service on every address, and asks no second time", async () => {
    const paths: string[] = [];
    using service = respondingWith(503, paths, "::");
    const port = Number(service.port);
    expect(await healthCheck({ host: "::", port })).toBe(
      `http://[::1]:${port}/ready responded with status 503`,
    );
    expect(paths).toEqual(["/ready"]);
  });

  test("says in words that no process listens", async () => {
    expect(await healthCheck({ host: "::", port: 1 })).toBe(
      ["[::1]", "127.0.0.1"]
        .map(
          (host) =>
            `http://${host}:1/ready did not respond: no process listens there; check HOST and PORT`,
        )
        .join("; "),
    );
  });

  test("says how long it has waited for a service that does not respond", async () => {
    const giveUp = new AbortController();
    const response = Promise.withResolvers<Response>();
    using service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch() {
        giveUp.abort();
        return response.promise;
      },
    });
    const port = Number(service.port);
    expect(await healthCheck({ host: "127.0.0.1", port }, giveUp.signal)).toBe(
      `http://127.0.0.1:${port}/ready did not respond within 2 s`,
    );
    response.resolve(new Response());
  });

  test.each([503, 500, 404, 204])("reports a service that responds with %i", async (status) => {
    using service = respondingWith(status);
    const port = Number(service.port);
    expect(await healthCheck({ host: "127.0.0.1", port })).toBe(
      `http://127.0.0.1:${port}/ready responded with status ${status}`,
    );
  });

  test.each([
    ["127.0.0.1", "http://127.0.0.1:1/ready"],
    ["0.0.0.0", "http://127.0.0.1:1/ready"],
    ["::", "http://[::1]:1/ready"],
    ["::1", "http://[::1]:1/ready"],
  ])("names the URL that did not respond for a service on %s", async (host, url) => {
    expect(await healthCheck({ host, port: 1 })).toStartWith(`${url} did not respond: `);
  });
});
