// What only a process shows: its start, its shutdown, its crash, its replicas.
import { Glob } from "bun";
import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { processEngines } from "@platform/shared/testing/process-engines";
import { processTests } from "@platform/shared/testing/process-tests";
import { countUsers, post } from "./executable.ts";

const service = "user-service";

describe.each(processEngines)("user-service on %s", (_, engine) => {
  const { start, path, blockWrites } = processTests(engine);

  describe("shutdown", () => {
    test("every user whose POST was 201 is stored after SIGKILL", async () => {
      const created = new Set<string>();
      {
        await using running = await start(service);
        const writers = Array.from({ length: 8 }, async (_, writer) => {
          for (let n = 0; ; n += 1) {
            const response = await running.fetch("/users", post(writer * 10_000 + n));
            if (response.status === 201)
              created.add(((await response.json()) as { id: string }).id);
            if (created.size >= 100) running.kill("SIGKILL");
          }
        });
        await Promise.allSettled(writers);
      }
      await using restarted = await start(service);
      for (const id of created) expect((await restarted.fetch(`/users/${id}`)).status).toBe(200);
    });

    test.each(["SIGTERM", "SIGINT"] as const)(
      "%s ends an idle service with exit status 0, and leaves no file but the database",
      async (signal) => {
        await using running = await start(service);
        await running.fetch("/users");
        running.kill(signal);
        expect(await running.exited).toBe(0);
        await running.logged("stopped");
        const files = await Array.fromAsync(new Glob("**").scan(path()));
        expect(files).toEqual(engine === "SQLite" ? ["data/user_service.db"] : []);
      },
    );

    test("a draining service still serves requests, closes their connections, and is not ready", async () => {
      const env = { SHUTDOWN_DRAIN_MS: "300000" };
      await using running = await start(service, env);
      running.kill("SIGTERM");
      await running.logged("draining");
      expect((await running.fetch("/ready")).status).toBe(503);
      expect((await running.fetch("/health")).status).toBe(200);
      const created = await running.fetch("/users", post(1));
      expect(created.status).toBe(201);
      expect(created.headers.get("connection")).toBe("close");
      running.kill("SIGTERM");
      expect(await running.exited).toBe(143);
    });

    test("a request whose body never ends is cut after SHUTDOWN_GRACE_MS", async () => {
      const env = { SHUTDOWN_GRACE_MS: "50" };
      await using running = await start(service, env);
      // The service may reset the connection when it cuts the request.
      const socket = connect(running.port, "127.0.0.1").on("error", () => undefined);
      await once(socket, "connect");
      socket.write("POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n");
      socket.write("Content-Length: 10\r\n\r\n{");
      await running.fetch("/health");
      running.kill("SIGTERM");
      expect(await running.exited).toBe(1);
      const line = await running.logged("waiting for requests in flight");
      expect(line).toMatchObject({ in_flight: 1, grace_ms: 50 });
      socket.destroy();
    });
  });

  test("POST /users that was cut by the shutdown stores no user afterwards", async () => {
    const env = { SHUTDOWN_GRACE_MS: "100" };
    await using running = await start(service, env);
    {
      await using _ = await blockWrites(service);
      const cut = running.fetch("/users", post(1)).catch(() => "cut");
      const isInFlight = async () =>
        (await (await running.fetch("/metrics")).text()).includes("http_requests_in_flight 1");
      while (!(await isInFlight()));
      running.kill("SIGTERM");
      expect(await cut).toBe("cut");
      expect(await running.exited).toBe(1);
    }
    await using restarted = await start(service);
    expect(await countUsers(restarted)).toBe(0);
  });

  test("POST /users stores one user for an address, on whichever of two replicas", async () => {
    await using one = await start(service);
    await using two = await start(service);
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { fetch } = n % 2 ? one : two;
        return (await fetch("/users", post(n >> 1))).status;
      }),
    );
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    expect(statuses.filter((status) => status === 409)).toHaveLength(20);
    expect(await countUsers(one)).toBe(20);
    expect(await countUsers(two)).toBe(20);
  });
});

describe("serve", () => {
  const { start, path } = processTests();

  test("takes the default of an empty variable", async () => {
    const env = { LOG_LEVEL: "", MAX_IN_FLIGHT: "", DATABASE_URL: "" };
    await using running = await start(service, env);
    expect((await running.fetch("/health")).status).toBe(200);
    expect(await readdir(path("data"))).toContain("user_service.db");
  });
});
