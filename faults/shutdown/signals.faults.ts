// Signals other than SIGTERM: from log rotation, a reload, nohup, and a terminal that is closed.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { bodyOfStatus, socketClient } from "../support/clients.ts";
import { executableOf, startExecutable } from "../../shared/testing/executable.ts";
import { logLines } from "../../shared/testing/log-lines.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { startHeldUserService } from "../support/platform/fake-user-service.ts";
import { createUser, newOrder } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import { shutDownUnderLoad } from "./shutdown-under-load.ts";

test.each(["SIGHUP", "SIGQUIT"] as const)(
  "%s cuts no request of user-service under load, and ends it with exit status 0",
  async (signal) => {
    await using running = await startService("user-service", { SHUTDOWN_DRAIN_MS: "1500" });
    const id = await createUser(running);
    const { afterSignal } = await shutDownUnderLoad(running, {
      responses: 300,
      signal,
      work: async (send) => void bodyOfStatus(await send("GET", `/users/${id}`), 200),
    });
    expect(afterSignal).toBeGreaterThan(0);
    expect(await running.exited).toBe(0);
    expect(await running.logged("draining")).toMatchObject({ reason: signal });
  },
);

test("SIGUSR1 and SIGUSR2 do nothing to user-service, not even while it drains", async () => {
  await using running = await startService("user-service", { SHUTDOWN_DRAIN_MS: "300000" });
  const bother = async () => {
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) running.kill(signal);
    expect((await running.fetch("/health")).status).toBe(200);
  };
  await bother();
  running.kill("SIGTERM");
  await running.logged("draining");
  await bother();
  running.kill("SIGTERM");
  expect(await running.exited).toBe(143);
});

test("SIGHUP does nothing to a user-service that nohup started, and SIGTERM ends it", async () => {
  await using folder = temporaryFolder();
  const under = [Bun.which("nohup") ?? "nohup"];
  await using running = await startExecutable("user-service", { cwd: folder.path, under });
  running.kill("SIGHUP");
  expect((await running.fetch("/ready")).status).toBe(200);
  running.kill("SIGTERM");
  expect(await running.exited).toBe(0);
  expect(await running.logged("draining")).toMatchObject({ reason: "SIGTERM" });
});

test("SIGINT does nothing to a background job of a script, which ignores it", async () => {
  await using folder = temporaryFolder();
  const under = [Bun.which("sh") ?? "sh", "-c", 'trap "" INT; exec "$0" "$@"'];
  await using running = await startExecutable("user-service", { cwd: folder.path, under });
  running.kill("SIGINT");
  expect((await running.fetch("/ready")).status).toBe(200);
  running.kill("SIGTERM");
  expect(await running.exited).toBe(0);
});

/** Resolves with what `read` resolves with, as soon as that is not undefined. */
async function found<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    await Bun.sleep(5);
  }
}

test("a terminal that is closed cuts no request of the order-service in its foreground", async () => {
  await using users = await startHeldUserService();
  await using folder = temporaryFolder();
  const log = join(folder.path, "log");
  // An interactive shell, which is the one that sends its jobs SIGHUP.
  const command = `exec bash --norc -ic '"${executableOf("order-service")}" > log; true'`;
  await using terminal = Bun.spawn(["script", "--quiet", "--command", command, "/dev/null"], {
    cwd: folder.path,
    env: {
      PATH: process.env["PATH"],
      HISTFILE: "/dev/null",
      PORT: "0",
      HOST: "127.0.0.1",
      USER_SERVICE_URL: users.url,
      // Long enough for a slow machine.
      USER_SERVICE_TIMEOUT_MS: "30000",
    },
    stdin: "pipe",
  });
  const logged = (msg: string) =>
    found(async () => {
      const text = await Bun.file(log)
        .text()
        .catch(() => "");
      const { lines, write } = logLines();
      text.split("\n").slice(0, -1).forEach(write);
      return lines.find((line) => line["msg"] === msg);
    });
  const { port } = await logged("listening");

  // A port may have been that of an earlier process, to which Bun's fetch keeps connections.
  const send = socketClient({ port: Number(port) });
  const sent = send("POST", "/orders", { json: newOrder(Bun.randomUUIDv7(), 0) });
  await users.called();
  terminal.kill("SIGKILL");
  expect(await logged("draining")).toMatchObject({ reason: "SIGHUP" });
  await terminal.exited;
  users.release();
  bodyOfStatus(await sent, 201);
  await logged("stopped");
});
