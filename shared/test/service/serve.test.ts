import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openSqlite } from "../../src/sqlite/sqlite-storage.ts";
import { startCollector } from "../../testing/collector.ts";
import { logLines, type LogLine } from "../../testing/log-lines.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

/** Runs a service in a process that stops as soon as it listens, and returns the lines of its log. */
async function serveOnce(path: string, migrations: readonly string[]): Promise<LogLine[]> {
  const script = `
    import { Elysia } from "elysia";
    import { runService } from "./src/service/cli.ts";
    await runService({
      name: "sample",
      database: "sqlite:unused.db",
      engines: {
        sqlite: { migrations: ${JSON.stringify(migrations)}, stores: () => ({}) },
      },
      settings: {},
      build() {
        setImmediate(() => process.kill(process.pid, "SIGTERM"));
        return { app: new Elysia() };
      },
    }, process);`;
  const child = Bun.spawn([process.execPath, "-e", script], {
    cwd: join(import.meta.dir, "../.."),
    env: { PORT: "0", HOST: "127.0.0.1", DATABASE_URL: `sqlite:${path}`, SHUTDOWN_DRAIN_MS: "0" },
    stdout: "pipe",
  });
  const log = await child.stdout.text();
  expect(await child.exited).toBe(0);
  const { lines, write } = logLines();
  log.trimEnd().split("\n").forEach(write);
  return lines;
}

describe("serve()", () => {
  test("logs a migration that runs at the start, and nothing when there is none", async () => {
    await using folder = temporaryFolder();
    const path = join(folder.path, "test.db");
    const migrations = ["CREATE TABLE note (text TEXT)", "CREATE TABLE tag (text TEXT)"];
    await (await openSqlite({ path, migrations: migrations.slice(0, 1) })).close();

    const [migrated, ...lines] = await serveOnce(path, migrations);
    const duration_ms: unknown = expect.any(Number);
    expect(migrated).toMatchObject({ level: "info", msg: "migrated", from: 1, to: 2, duration_ms });
    const messages = ["listening", "draining", "stopped"];
    expect(lines.map(({ msg }) => msg)).toEqual(messages);
    const restarted = await serveOnce(path, migrations);
    expect(restarted.map(({ msg }) => msg)).toEqual(messages);
  });
});

/**
 * Runs a service without stores in a process of its own, with its database in the folder.
 *
 * @param build the text of its method `build`
 */
function startScript(folder: string, build: string, env: Record<string, string> = {}) {
  const script = `
    import { Elysia } from "elysia";
    import { runService } from "./src/service/cli.ts";
    await runService({
      name: "sample",
      database: "sqlite:${join(folder, "test.db")}",
      engines: { sqlite: { migrations: [], stores: () => ({}) } },
      settings: {},
      ${build}
    }, process);`;
  return Bun.spawn([process.execPath, "-e", script], {
    cwd: join(import.meta.dir, "../.."),
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

test("serve() does not start an app with a route that declares no scope", async () => {
  await using folder = temporaryFolder();
  const child = startScript(
    folder.path,
    `build: () => ({ app: new Elysia().get("/health", "").delete("/notes/:id", "") }),`,
  );
  expect(await child.exited).toBe(1);
  expect(await child.stdout.text()).not.toContain("listening");
  expect(await child.stderr.text()).toContain(
    "DELETE /notes/:id declares no scope: give one to its routeDocs()",
  );
});

test("serve() writes its last lines and sends its last spans when the storage cannot be closed", async () => {
  await using folder = temporaryFolder();
  await using collector = startCollector();
  const build = `
      build({ parts: { logger, storage, tracer } }) {
        storage.close = () => {
          logger.error("cannot write the rest");
          return Promise.reject(new Error("the disk is gone"));
        };
        tracer.record({
          name: "work",
          kind: "internal",
          context: { traceId: "1".repeat(32), spanId: "2".repeat(16) },
          startedAt: performance.now(),
          endedAt: performance.now(),
          attributes: {},
        });
        setImmediate(() => process.kill(process.pid, "SIGTERM"));
        return { app: new Elysia() };
      },`;
  const child = startScript(folder.path, build, {
    SHUTDOWN_DRAIN_MS: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });
  expect(await child.exited).toBe(1);
  expect(await child.stderr.text()).toContain("the disk is gone");
  expect(await child.stdout.text()).toContain("cannot write the rest");
  expect(collector.spans.map(({ name }) => name)).toEqual(["work"]);
});
