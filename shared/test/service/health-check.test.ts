import { describe, expect, test } from "bun:test";
import { healthCheck } from "../../src/service/health-check.ts";

/** A server on a free port that responds with one status, and keeps the paths of its requests. */
function respondingWith(status: number, paths: string[] = []) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
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
