// Signals that arrive before a service has started.
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, spawnExecutable } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { amount } from "../support/scale.ts";

/** Long enough for a slow machine. */
const maxExitMs = 5000;

/** Resolves when a process has a handler for SIGTERM. */
async function handlesSignals(pid: number): Promise<void> {
  const sigterm = 1n << 14n;
  for (;;) {
    const status = await Bun.file(`/proc/${pid}/status`).text();
    const caught = /^SigCgt:\s*(\w+)$/m.exec(status)?.[1] ?? "0";
    if (BigInt(`0x${caught}`) & sigterm) return;
  }
}

const start = (cwd: string) =>
  spawnExecutable("user-service", [], {
    cwd,
    env: { PORT: "0", HOST: "127.0.0.1" },
    stdout: "pipe",
  });

test("SIGTERM at any moment of the startup ends user-service at once and leaves a usable database", async () => {
  let early = 0;
  for (let delayMs = 0; delayMs < 60; delayMs += amount({ full: 2, fast: 6 })) {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await using child = start(cwd);
    await Bun.sleep(delayMs);
    const startedAt = performance.now();
    child.kill("SIGTERM");
    expect([0, 143]).toContain(await child.exited);
    expect(performance.now() - startedAt).toBeLessThan(maxExitMs);
    expect(await child.stderr.text()).toBe("");
    if (!(await child.stdout.text()).includes("listening")) early += 1;
    expect(await runCommand("user-service", ["migrate"], { cwd })).toMatchObject({ status: 0 });
  }
  expect(early).toBeGreaterThan(0);
});

test("SIGTERM ends a user-service that waits for a database which another process has locked", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await mkdir(join(cwd, "data"));
  const lock = new Database(join(cwd, "data/user_service.db"));
  lock.run("BEGIN EXCLUSIVE");
  await using child = start(cwd);
  await handlesSignals(child.pid);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  lock.run("ROLLBACK");
  lock.close();
  expect(await runCommand("user-service", ["migrate"], { cwd })).toMatchObject({ status: 0 });
});
