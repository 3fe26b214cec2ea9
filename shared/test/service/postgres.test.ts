import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { hasPostgres, postgresDatabase } from "../../testing/postgres.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { serverPath } from "../postgres/server-path.ts";
import { startPostgresService } from "./postgres-service.ts";

/** Resolves with the first response that has the status. */
async function statusIs(url: string, status: number): Promise<Response> {
  for (;;) {
    const response = await fetch(url);
    if (response.status === status) return response;
    await response.body?.cancel();
  }
}

describe.if(hasPostgres)("a service on PostgreSQL", () => {
  test("migrates, is ready, reports its sessions, and names its database without credentials", async () => {
    await using database = await postgresDatabase();
    await using service = startPostgresService(database.url);
    const { port, database: name } = await service.logged("listening");
    const { host, pathname } = new URL(database.url);
    expect(name).toBe(`postgres://${host}${pathname}`);
    expect(service.lines[0]).toMatchObject({ msg: "migrated", from: 0, to: 1 });
    const base = `http://127.0.0.1:${String(port)}`;
    expect((await fetch(`${base}/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toMatch(/^db_client_connection_count\{state="used"[^}]*\} 0$/m);
    expect(metrics).toMatch(/^db_client_connection_count\{state="idle"[^}]*\} [1-9]/m);
    expect(metrics).toMatch(/^db_client_connection_max 10$/m);
    expect(metrics).toMatch(/^db_client_connection_pending_requests 0$/m);
    expect(metrics).toMatch(/^db_client_connection_timeouts_total 0$/m);
    expect(metrics).toMatch(/^storage_wait_seconds_count 0$/m);
    expect(metrics).toMatch(/^storage_queue_length 0$/m);
    expect(metrics).toMatch(/^storage_refused_total\{reason="unreachable"\} 0$/m);
    expect(metrics).toMatch(/^storage_commit_failures_total\{reason="interrupted"\} 0$/m);
    expect(metrics).toMatch(/^service_ready 1$/m);
    // A server's files are its own exporter's business.
    expect(metrics).not.toMatch(/^(storage_\w+_bytes|backup_)/m);
    service.kill("SIGTERM");
    expect(await service.ended()).toMatchObject({ status: 0, stderr: "" });
  });

  test("starts while its server is away, and is ready as soon as that is there", async () => {
    await using database = await postgresDatabase();
    using path = serverPath(database.url);
    path.close();
    await using service = startPostgresService(path.url);
    const { port } = await service.logged("listening");
    const base = `http://127.0.0.1:${String(port)}`;
    expect((await fetch(`${base}/health`)).status).toBe(200);
    expect((await fetch(`${base}/ready`)).status).toBe(503);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^service_ready 0$/m);
    path.open();
    await service.logged("database reached");
    await statusIs(`${base}/ready`, 200);
    path.close();
    await statusIs(`${base}/ready`, 503);
    path.open();
    await statusIs(`${base}/ready`, 200);
    expect((await fetch(`${base}/health`)).status).toBe(200);
    service.kill("SIGTERM");
    expect((await service.ended()).status).toBe(0);
    expect(service.lines.map(({ msg }) => msg).filter((msg) => msg !== "request")).toEqual([
      "database cannot be reached",
      "listening",
      "database reached",
      "migrated",
      "database cannot be reached",
      "database reached",
      "draining",
      "stopped",
    ]);
  });

  test("ends while its server is away when it is told to", async () => {
    await using database = await postgresDatabase();
    using path = serverPath(database.url);
    path.close();
    await using service = startPostgresService(path.url);
    await service.logged("listening");
    service.kill("SIGTERM");
    expect((await service.ended()).status).toBe(0);
  });

  test("ends with one line that has no password if the server refuses it", async () => {
    await using database = await postgresDatabase();
    const url = new URL(database.url);
    url.username = "no_such_role";
    url.password = "s3cret";
    await using service = startPostgresService(url.href);
    const { status, stdout, stderr } = await service.ended();
    expect(status).toBe(1);
    expect(stderr).toBe(
      `sample: Cannot use the database postgres://${url.host}${url.pathname}: the server refuses ` +
        "this user or its password; check both\n",
    );
    expect(stdout).not.toContain("s3cret");
  });

  test("migrate prints the versions, and a second one changes nothing", async () => {
    await using database = await postgresDatabase();
    const { host, pathname } = new URL(database.url);
    for (const from of [0, 1]) {
      await using command = startPostgresService(database.url, "migrate");
      expect(await command.ended()).toEqual({
        status: 0,
        stdout: `postgres://${host}${pathname} is at version 1, and was at ${from}\n`,
        stderr: "",
      });
    }
  });

  test.each([
    ["backup", ["copy.db"]],
    ["backup-rotate", ["copies", "3"]],
    ["restore", ["copy.db"]],
  ])("%s names the server's own tools, and makes no file", async (command, args) => {
    await using folder = temporaryFolder();
    const [file = "", ...others] = args;
    const url = "postgres://app:s3cret@127.0.0.1:1/app";
    await using process = startPostgresService(url, command, join(folder.path, file), ...others);
    expect(await process.ended()).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "sample: Cannot copy postgres://127.0.0.1:1/app: this command copies SQLite files; use " +
        "pg_dump and pg_restore, or the backups of the server; copy-to makes an SQLite file of it\n",
    });
  });
});
