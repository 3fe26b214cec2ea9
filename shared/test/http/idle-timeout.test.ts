import { afterEach, describe, expect, jest, test } from "bun:test";
import { idleTimeout, maxIdleTimeoutSeconds } from "../../src/http/idle-timeout.ts";
import { rejectionOf } from "../../testing/rejection-of.ts";

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Bun's server as `idleTimeout()` uses it: `timeouts` has the last value that it was given. */
function fakeServer() {
  const timeouts: number[] = [];
  let isOpen = true;
  const address = { address: "127.0.0.1", port: 1, family: "IPv4" } as const;
  return {
    timeouts,
    close: () => void (isOpen = false),
    server: {
      timeout: (_request: Request, seconds: number) => void timeouts.push(seconds),
      requestIP: () => (isOpen ? address : null),
    },
  };
}

const request = () => new Request("http://localhost/");

describe("idleTimeout()", () => {
  afterEach(() => void jest.useRealTimers());

  test.each([
    [1, 5],
    [60, 64],
    [251, 255],
    [254, 255],
    [255, 255],
  ])("%i s: Bun gets %i s, since its first tick of 4 s may come at once", (keep, seconds) => {
    expect(idleTimeout(keep, () => new Response()).seconds).toBe(seconds);
  });

  test("lets no request end while its handler is at work, and keeps its connection afterwards", async () => {
    const response = Promise.withResolvers<Response>();
    const { server, timeouts, close } = fakeServer();
    const { fetch } = idleTimeout(1, () => response.promise);
    const sent = fetch(request(), server);
    expect(timeouts).toEqual([0]);
    response.resolve(new Response("done"));
    expect(await (await sent).text()).toBe("done");
    expect(timeouts).toEqual([0, 5]);
    close();
    await nextTurn();
    expect(timeouts).toEqual([0, 5]);
  });

  test("keeps the connection of a handler that failed no longer than any other", async () => {
    const { server, timeouts } = fakeServer();
    const { fetch } = idleTimeout(1, () => Promise.reject(new Error("no luck")));
    expect(await rejectionOf(Promise.resolve(fetch(request(), server)))).toBeInstanceOf(Error);
    await nextTurn();
    expect(timeouts).toEqual([0, 5]);
  });

  test("renews the timeout every second while a client reads its response, for four minutes", async () => {
    const { server, timeouts } = fakeServer();
    jest.useFakeTimers();
    await idleTimeout(1, () => new Response("long")).fetch(request(), server);
    await nextTurn();
    jest.advanceTimersByTime(3000);
    expect(timeouts).toEqual([5, 5, 5]);
    jest.advanceTimersByTime(600_000);
    expect(timeouts).toHaveLength(239);
  });

  test("renews no timeout after the response is sent", async () => {
    const { server, timeouts, close } = fakeServer();
    jest.useFakeTimers();
    await idleTimeout(1, () => new Response("long")).fetch(request(), server);
    await nextTurn();
    close();
    jest.advanceTimersByTime(3000);
    expect(timeouts).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("makes no call at the longest timeout, which no request reaches", async () => {
    const { server, timeouts } = fakeServer();
    const handle = () => Promise.resolve(new Response("done"));
    await idleTimeout(maxIdleTimeoutSeconds, handle).fetch(request(), server);
    await nextTurn();
    expect(timeouts).toEqual([]);
  });
});
