// Connections to user-service that break, hang or were closed since their last use.
import { describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { startFakeUpstream, type Behaviour } from "../support/fake-upstream.ts";
import { healthy, user, userJson } from "../support/platform/fake-user-service.ts";
import {
  http,
  resetConnections,
  respond,
  respondAndClose,
} from "../support/upstream-behaviours.ts";
import { expectHarmless } from "./misbehaving-upstream.ts";
import { startOrderService } from "./order-service-with-upstream.ts";

test.each<[string, Behaviour]>([
  ["closed before the request", { onConnection: (socket) => void socket.end() }],
  ["reset before the request", resetConnections],
  ["closed instead of a response", respondAndClose("")],
  ["reset instead of a response", { onRequest: (socket) => void socket.resetAndDestroy() }],
  ["closed in the header", respondAndClose("HTTP/1.1 200 OK\r\ncontent-le")],
])(
  "POST /orders gets 503 after retries if user-service's connection is %s",
  async (_, behaviour) => {
    await expectHarmless(behaviour, { status: 503, counted: "error", isRetried: true });
  },
);

test("POST /orders gets 503 in time if user-service accepts connections and never responds", async () => {
  await expectHarmless({}, { status: 503, counted: "timeout", isRetried: true });
});

describe("POST /orders on a kept connection to user-service", () => {
  const ways: [string, (socket: Socket) => void][] = [
    ["closed", (socket) => void socket.end()],
    ["reset", (socket) => void socket.resetAndDestroy()],
  ];

  test.each(ways)("succeeds if user-service has %s it between two orders", async (_, leave) => {
    let last: Socket | undefined;
    await using upstream = await startFakeUpstream({
      onRequest(socket, path) {
        last = socket;
        healthy.onRequest?.(socket, path);
      },
    });
    await using orders = await startOrderService(upstream.url);
    for (let n = 0; n < 20; n += 1) {
      expect((await orders.place(n)).status).toBe(201);
      if (last) leave(last);
    }
    expect(await orders.stored()).toHaveLength(20);
  });

  test.each(ways)("succeeds if user-service %s it at the next request", async (_, leave) => {
    const used = new WeakSet<Socket>();
    await using upstream = await startFakeUpstream({
      onRequest(socket, path) {
        if (used.has(socket)) return leave(socket);
        used.add(socket);
        healthy.onRequest?.(socket, path);
      },
    });
    await using orders = await startOrderService(upstream.url);
    for (let n = 0; n < 20; n += 1) expect((await orders.place(n)).status).toBe(201);
    expect(await orders.stored()).toHaveLength(20);
    expect(upstream.connections).toBeLessThan(5);
  });

  test("ignores surplus bytes after a response", async () => {
    const surplus = [
      http("404 Not Found"),
      http("408 Request Timeout", "", "connection: close"),
      http("200 OK", JSON.stringify({ ...user, id: user.id.replace("0", "1") })),
      Buffer.from("x".repeat(100_000)),
    ];
    for (const more of surplus) {
      const both = Buffer.concat([http("200 OK", userJson), more]);
      await using upstream = await startFakeUpstream(respond(both));
      await using orders = await startOrderService(upstream.url);
      for (let n = 0; n < 5; n += 1) expect((await orders.place(n)).status).toBe(201);
      expect(upstream.calls).toBe(5);
    }
  });
});
