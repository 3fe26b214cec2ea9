// What HAProxy takes a healthy service for, by the check that it is told to make.
import { expect } from "bun:test";
import { startService } from "../support/platform/services.ts";
import { publish } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";
import { startHaproxy } from "./programs.ts";

/** Resolves with the first response of this status. */
async function responseOf(status: number, send: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const response = await send();
    if (response.status === status) return response;
    await response.body?.cancel();
    await Bun.sleep(20);
  }
}

testWith("haproxy", "GET /ready as on the page keeps a healthy service in rotation", async () => {
  await using published = await publish("haproxy", {
    users: { LOG_LEVEL: "debug" },
    changes: { "inter 1s": "inter 50ms" },
  });
  const { proxy, platform } = published;
  const checks = () => platform.users.lines.filter(({ path }) => path === "/ready").length;
  while (checks() < 5) {
    expect((await proxy.fetch("/users")).status).toBe(200);
    await Bun.sleep(20);
  }
});

testWith(
  "haproxy",
  "GET /ready as on the page takes a draining service out of rotation",
  async () => {
    await using published = await publish("haproxy", {
      users: { SHUTDOWN_DRAIN_MS: "300000" },
      changes: { "inter 1s": "inter 50ms" },
    });
    const { proxy, platform } = published;
    expect((await proxy.fetch("/users")).status).toBe(200);
    platform.users.kill("SIGTERM");
    const refused = await responseOf(503, () => proxy.fetch("/users"));
    expect(refused.headers.get("x-request-id")).toBeNull();
    // It would still have served the request.
    expect((await platform.users.fetch("/users")).status).toBe(200);
  },
);

testWith(
  "haproxy",
  "a bare option httpchk sends OPTIONS, and no request reaches a healthy service",
  async () => {
    await using users = await startService("user-service");
    await using proxy = await startHaproxy(`
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 30s
listen all
    bind :80
    option httpchk
    server one 127.0.0.1:${users.port} check inter 50ms fall 2
`);
    await responseOf(503, () => proxy.fetch("/users"));
    expect((await users.fetch("/ready")).status).toBe(200);
  },
);
