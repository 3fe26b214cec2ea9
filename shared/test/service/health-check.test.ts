import { expect, test } from "bun:test";
import { healthCheck } from "../../src/service/health-check.ts";

/** A service on a free port that answers with a status, and the paths that it was asked for. */
function answering(status: number) {
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

test.each(["127.0.0.1", "0.0.0.0", "localhost"])(
  "a ready service that listens on %s has no fault",
  async (host) => {
    await using service = answering(200);
    expect(await healthCheck({ host, port: service.port })).toBeUndefined();
    expect(service.paths).toEqual(["/ready"]);
  },
);

test.each([503, 500, 404, 204])("a service that answers %i is not ready", async (status) => {
  await using service = answering(status);
  const { port } = service;
  expect(await healthCheck({ host: "127.0.0.1", port })).toBe(
    `http://127.0.0.1:${port}/ready answered ${status}`,
  );
});

test.each([
  ["127.0.0.1", "http://127.0.0.1:1/ready"],
  ["0.0.0.0", "http://127.0.0.1:1/ready"],
  ["::", "http://[::1]:1/ready"],
  ["::1", "http://[::1]:1/ready"],
])("nobody listening on %s is told, with the address that was asked", async (host, url) => {
  expect(await healthCheck({ host, port: 1 })).toStartWith(`${url} did not answer: `);
});
