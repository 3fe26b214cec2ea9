import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { keySource } from "../../src/auth/key-source.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

const { signal } = new AbortController();

/** Serves one response, and reads a key set from there. */
async function readFrom(respond: (request: Request) => Response) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, fetch: respond });
  try {
    return await keySource(`${server.url.href}jwks?tenant=1`).read(signal);
  } finally {
    await server.stop(true);
  }
}

const messageOf = async (reading: Promise<unknown>) => (await rejectionOf(reading)).message;

describe("keySource() of a URL", () => {
  test("reads the body of a 200, and shows no query", async () => {
    const bytes = await readFrom(({ url }) => new Response(new URL(url).search));
    expect(Buffer.from(bytes).toString()).toBe("?tenant=1");
    expect(keySource("https://login.example/jwks?tenant=1").name).toBe(
      "https://login.example/jwks",
    );
  });

  test.each([204, 304, 404, 500])("refuses a %i", async (status) => {
    const reading = readFrom(() => new Response(null, { status }));
    expect(await messageOf(reading)).toBe(`The status is ${status}`);
  });

  test("follows no redirect, which could lead to another issuer", async () => {
    const reading = readFrom(({ url }) =>
      url.includes("jwks") ? Response.redirect("/other") : new Response("{}"),
    );
    expect(await messageOf(reading)).toBe("The status is 302");
  });

  test("reads no more than 1 MiB, also of a compressed body", async () => {
    const large = new Uint8Array(50_000_000);
    const plain = readFrom(() => new Response(large));
    expect(await messageOf(plain)).toBe("The key set is larger than 1 MiB");
    const compressed = readFrom(
      () => new Response(Bun.gzipSync(large), { headers: { "content-encoding": "gzip" } }),
    );
    expect(await messageOf(compressed)).toBe("The key set is larger than 1 MiB");
  });

  test("shows no query of an address that cannot be reached", async () => {
    const url = "https://login.example/jwks?key=secret";
    const error = new TypeError(`Malformed_HTTP_Response fetching "${url}"`);
    const failed = Object.assign(error, { code: "Malformed_HTTP_Response", path: url });
    const reading = keySource(url, () => Promise.reject(failed)).read(signal);
    expect(await messageOf(reading)).toBe("The request failed: Malformed_HTTP_Response");
    expect(await messageOf(keySource("http://127.0.0.1:1/?key=secret").read(signal))).toBe(
      "The request failed: ECONNREFUSED",
    );
  });

  test("shows no query of an address whose response breaks off", async () => {
    const reading = readFrom(() => new Response("{}", { headers: { "content-encoding": "gzip" } }));
    expect(await messageOf(reading)).toBe("The request failed: ZlibError");
  });

  test("stops when it is told to", async () => {
    const stop = new AbortController();
    const reading = keySource("https://login.example", async (_, init) => {
      stop.abort();
      init.signal?.throwIfAborted();
      return new Response();
    }).read(stop.signal);
    expect((await rejectionOf(reading)).name).toBe("AbortError");
  });
});

describe("keySource() of a file", () => {
  test("reads the file as it is now", async () => {
    await using folder = temporaryFolder();
    const path = join(folder.path, "a b.json");
    const source = keySource(pathToFileURL(path).href);
    for (const text of ["one", "two"]) {
      await Bun.write(path, text);
      expect(Buffer.from(await source.read(signal)).toString()).toBe(text);
    }
  });

  test("refuses what is missing, too large, or no file", async () => {
    await using folder = temporaryFolder();
    const path = join(folder.path, "keys.json");
    const read = (at: string) => messageOf(keySource(pathToFileURL(at).href).read(signal));
    expect(await read(path)).toContain("ENOENT");
    await Bun.write(path, new Uint8Array(1024 * 1024 + 1));
    expect(await read(path)).toBe("The key set is larger than 1 MiB");
    expect(await read(folder.path)).toBe("It is no regular file");
  });
});
