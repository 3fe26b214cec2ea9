import { describe, expect, test } from "bun:test";
import { upstreamAddress } from "../../src/user-service/upstream-address.ts";

const ok = () => new Response(null, { status: 204 });

/** An upstream under a name with these addresses, whose clock and name server a test controls. */
function upstreamAt(url: string, ...addresses: readonly string[]) {
  const sent: { url: string; init: RequestInit | undefined }[] = [];
  const state = { addresses, nowMs: 0, lookUps: 0 };
  const address = upstreamAddress(
    url,
    async (input, init) => {
      sent.push({ url: input instanceof Request ? input.url : input.toString(), init });
      return ok();
    },
    {
      now: () => state.nowMs,
      lookUp: async () => {
        state.lookUps += 1;
        return state.addresses;
      },
    },
  );
  return {
    ...address,
    state,
    /** Sends a request. @returns the URL that it went to */
    async send(path = "/users/1", init?: RequestInit) {
      await address.fetch(url + path, init);
      return sent.at(-1)?.url;
    },
    lastInit: () => sent.at(-1)?.init,
  };
}

describe("upstreamAddress()", () => {
  test("looks no name up while calls succeed", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.1");
    for (let n = 0; n < 100; n += 1)
      expect(await upstream.send()).toBe("http://users:8000/users/1");
    expect(upstream.state.lookUps).toBe(0);
    expect(await upstream.hasUntriedAddress()).toBe(false);
  });

  test("calls the present address for 31 s after a failure, and then the name again", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.2");
    upstream.doubt();
    for (const nowMs of [0, 1000, 30_999]) {
      upstream.state.nowMs = nowMs;
      expect(await upstream.send("/users?ids=1%2C2")).toBe("http://10.0.0.2:8000/users?ids=1%2C2");
    }
    upstream.state.nowMs = 31_000;
    expect(await upstream.send()).toBe("http://users:8000/users/1");
    expect(upstream.state.lookUps).toBe(1);
  });

  test("keeps Host, the other headers and the options of a call", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.2");
    upstream.doubt();
    await upstream.send("/", { headers: { "x-request-id": "one" }, redirect: "manual" });
    const { headers, ...options } = upstream.lastInit() ?? {};
    expect(new Headers(headers).toJSON()).toEqual({ host: "users:8000", "x-request-id": "one" });
    expect(options).toEqual({ redirect: "manual" });
  });

  test("checks the certificate of a TLS connection against the name", async () => {
    const upstream = upstreamAt("https://users", "[::1]");
    upstream.doubt();
    expect(await upstream.send()).toBe("https://[::1]/users/1");
    expect(upstream.lastInit()).toMatchObject({ tls: { serverName: "users" } });
  });

  test("takes another address after each failure", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.1", "10.0.0.2", "10.0.0.3");
    const urls: unknown[] = [];
    for (let n = 0; n < 6; n += 1) {
      upstream.doubt();
      urls.push(await upstream.send("/"));
    }
    expect(urls).toEqual([1, 2, 3, 1, 2, 3].map((n) => `http://10.0.0.${n}:8000/`));
  });

  test("looks up again after a failure, at most ten times a second", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.1");
    for (let n = 0; n < 100; n += 1) {
      upstream.state.nowMs = n * 10;
      upstream.doubt();
      await upstream.send();
    }
    expect(upstream.state.lookUps).toBe(10);
  });

  test("calls the address that the name got just after a look-up, and after a second failure", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.1");
    upstream.doubt();
    await upstream.send();
    upstream.state.addresses = ["10.0.0.2"];
    upstream.doubt();
    while (upstream.state.lookUps < 2) await Bun.sleep(1);
    expect(await upstream.send()).toBe("http://10.0.0.2:8000/users/1");
  });

  test("knows an address that no call has tried", async () => {
    const upstream = upstreamAt("http://users:8000", "10.0.0.1");
    upstream.doubt();
    await upstream.send();
    upstream.doubt();
    expect(await upstream.hasUntriedAddress()).toBe(false);
    upstream.state.addresses = ["10.0.0.2"];
    upstream.state.nowMs = 200;
    expect(await upstream.hasUntriedAddress()).toBe(true);
    expect(await upstream.send()).toBe("http://10.0.0.2:8000/users/1");
  });

  test("calls the name while it has no address", async () => {
    const upstream = upstreamAt("http://users:8000");
    upstream.doubt();
    expect(await upstream.send()).toBe("http://users:8000/users/1");
  });

  test.each(["http://127.0.0.1:8000", "http://[::1]:8000"])("never looks %s up", async (url) => {
    const upstream = upstreamAt(url, "10.0.0.1");
    upstream.doubt();
    expect(await upstream.send()).toBe(`${url}/users/1`);
    expect(upstream.state.lookUps).toBe(0);
  });
});
