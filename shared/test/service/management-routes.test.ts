import { describe, expect, test } from "bun:test";
import { open, rm, stat } from "node:fs/promises";
import { isManagementPath } from "../../src/service/management-routes.ts";
import { sampleApp, startSample } from "../../testing/sample-service.ts";
import { requestsTotal } from "../telemetry/requests-total.ts";

describe("GET /health", () => {
  test("responds with exactly this body", async () => {
    await using service = await startSample();
    expect(await (await service.request("/health")).text()).toBe('{"status":"ok"}');
  });
});

describe("GET /ready", () => {
  test("follows the phase of the service and its storage", async () => {
    await using service = await startSample();
    expect(await (await service.request("/ready")).json()).toEqual({ status: "ready" });
    for (const phase of ["starting", "draining"] as const) {
      service.lifecycle.phase = phase;
      const response = await service.request("/ready");
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({ status: phase, reason: expect.any(String) });
      expect((await service.request("/health")).status).toBe(200);
      expect(service.lines.at(-2)).toMatchObject({ path: "/ready", level: "debug", reason: phase });
      expect(await service.metric("service_ready")).toBe(0);
    }
    service.lifecycle.phase = "ready";
    expect(await service.metric("service_ready")).toBe(1);
    await rm(service.storage.db.filename);
    expect((await service.request("/ready")).status).toBe(503);
    expect(service.lines.at(-1)).toMatchObject({ path: "/ready", reason: "storage-gone" });
    expect(await service.metric("service_ready")).toBe(0);
    expect(service.lines.filter(({ level }) => level === "warn")).toMatchObject([
      { msg: "storage cannot be used", reason: "storage-gone" },
    ]);
  });

  test("logs why, with the error, when the database is damaged", async () => {
    await using service = await startSample();
    const { db } = service.storage;
    await service.query("CREATE TABLE notes (text)");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    const { size } = await stat(db.filename);
    await using file = await open(db.filename, "r+");
    await file.write(Buffer.alloc(size, "x"), 0, size, 0);
    db.run("PRAGMA shrink_memory"); // SQLite reads the file again
    expect((await service.request("/ready")).status).toBe(503);
    expect(service.lines.at(-1)).toMatchObject({
      level: "error",
      path: "/ready",
      status: 503,
      err: { type: "SQLiteError", message: "SQLITE_NOTADB" },
    });
    for (const path of ["/health", "/metrics", "/swagger", "/swagger/json"]) {
      expect((await service.request(path)).status).toBe(200);
    }
  });
});

describe("isManagementPath()", () => {
  test("knows the management routes and the files of the reference, and no other route", () => {
    const paths = sampleApp().routes.map(({ path }) => path);
    expect(paths.filter(isManagementPath)).toEqual(
      paths.filter((path) => /^\/(?:health|ready|metrics|swagger)/.test(path)),
    );
    expect(paths).toContain("/swagger/favicon.png");
  });

  test.each([
    "/swagger/",
    "/swagger/x",
    "/swagger/ui.js/x",
    "/swagger/uiXjs",
    "/swagger\n",
    "/ready/",
  ])("leaves %j to load shedding, metrics, log and scopes", (path) => {
    expect(isManagementPath(path)).toBe(false);
  });

  test("lets an unknown path below /swagger be counted and logged as every other one", async () => {
    await using service = await startSample();
    expect((await service.request("/swagger/x")).status).toBe(404);
    expect(await service.metric(requestsTotal("GET", "unmatched", 404))).toBe(1);
    expect(service.lines.at(-1)).toMatchObject({ level: "info", route: "unmatched", status: 404 });
  });
});
