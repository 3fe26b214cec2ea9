import { describe, expect, test } from "bun:test";
import { healthCheck } from "../../src/service/health-check.ts";

/** A server on a free port that responds with one status, and the paths of its requests. */
function respondingWith(status: number) {
  const paths: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      paths.push(new URL(url).pathname);
      return new Response("", { status });
    },
  });
  return {
    paths,
    port: server.port ?? 0,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

describe("healthCheck()", () => {
  test.each(["127.0.0.1", "0.0.0.0", "localhost"])(
    "finds no failure in a ready service that listens on %s",
    async (host) => {
      await using service = respondingWith(200);
      expect(await healthCheck({ host, port: service.port })).toBeUndefined();
      expect(service.paths).toEqual(["/ready"]);
    },
  );

  test.each([503, 500, 404, 204])("reports a service that responds with %i", async (status) => {
    await using service = respondingWith(status);
    const { port } = service;
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
