// A service that cannot start reports the reason to operators, without a secret.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import type { Outcome } from "../../shared/testing/executable.ts";
import { processTests } from "../../shared/testing/process-tests.ts";
import { leaksInLine, leaksInResponse, leaksOnStderr, secret } from "./secret-words.ts";

const { start, run, path } = processTests();
const services = ["user-service", "order-service"] as const;
const password = secret("password");
const otherVariables = { API_KEY: secret("environment"), LOG_LEVEL: "trace", HOST: "127.0.0.1" };

function expectOneLine({ stdout, stderr, status }: Outcome, expected: number): void {
  expect(leaksOnStderr(stdout + stderr)).toEqual([]);
  expect({ status, stdout }).toEqual({ status: expected, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
}

describe("order-service names an invalid variable, but not its value:", () => {
  test.each([
    ["DATABASE_URL", `mysql://owner:${password}@database/users`],
    ["DATABASE_URL", `postgres://owner:${password}@database/users?sslmode=${password}`],
    ["DATABASE_URL", `postgres://owner:${password}@database:port/users`],
    ["DATABASE_URL", `sqlite://owner:${password}@database/users`],
    ["DATABASE_URL", `sqlite:data/users.db?key=${password}`],
    ["DATABASE_URL", password],
    ["USER_SERVICE_URL", `http://order-service:${password}@users:8000`],
    ["USER_SERVICE_URL", `http://users:8000/?token=${password}`],
    ["USER_SERVICE_URL", `users:${password}`],
    ["USER_SERVICE_URL", password],
    ["PUBLIC_URL", `https://order-service:${password}@shop.example`],
    ["PUBLIC_URL", `https://shop.example/?token=${password}`],
    ["CORS_ORIGINS", `https://shop.example,https://order-service:${password}@shop.example`],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", `http://order-service:${password}@collector:4318`],
    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", `collector?token=${password}`],
    ["OTEL_EXPORTER_OTLP_HEADERS", password],
    ["OTEL_EXPORTER_OTLP_HEADERS", `authorization=Bearer ${password}%`],
    ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", `authorization=${password}%0Ax`],
  ])("%s=%s", async (variable, value) => {
    const env = { ...otherVariables, [variable]: value };
    const outcome = await run("order-service", [], env);
    expectOneLine(outcome, 78);
    expect(outcome.stderr).toContain(`order-service: Cannot use ${variable}: it must be `);
  });
});

test.each(services)("%s shows no password of a PostgreSQL server that is away", async (service) => {
  // Nothing listens on this port of loopback.
  const DATABASE_URL = `postgres://owner:${password}@127.0.0.1:1/${service}`;
  await using running = await start(service, { ...otherVariables, DATABASE_URL });
  const ready = await running.fetch("/ready");
  expect(ready.status).toBe(503);
  expect(leaksInResponse(await ready.text())).toEqual([]);
  const lost = running.lines.find(({ level }) => level !== "info");
  expect(JSON.stringify(lost)).toContain("127.0.0.1:1");
  expect(running.lines.flatMap((line) => leaksInLine(JSON.stringify(line)))).toEqual([]);
});

describe.each(services)("%s reports in one line, without a secret, that its", (service) => {
  const expectRefused = async (prepare: (database: string) => Promise<unknown>) => {
    await prepare(path("own.db"));
    const env = { ...otherVariables, DATABASE_URL: "sqlite:own.db", PORT: "0" };
    for (const command of ["serve", "migrate"]) {
      expectOneLine(await run(service, [command], env), 1);
    }
  };

  test("database is a folder", () => expectRefused((path) => mkdir(path)));

  test("database is another file", () =>
    expectRefused((path) => Bun.write(path, secret("stored").repeat(1000))));

  test("database belongs to another service", () =>
    expectRefused(async (path) => {
      using db = new Database(path);
      db.run(`CREATE TABLE users (${secret("stored")} TEXT)`);
      db.run(`CREATE TABLE orders (${secret("stored")} TEXT)`);
    }));

  test("database is of a newer version", () =>
    expectRefused(async (path) => {
      await run(service, ["migrate"], { DATABASE_URL: `sqlite:${path}` });
      using db = new Database(path);
      db.run("INSERT INTO schema_migrations (version, checksum) VALUES (99, 'later')");
    }));

  test("port is taken", async () => {
    await using running = await start(service);
    const env = { ...otherVariables, PORT: String(running.port) };
    expectOneLine(await run(service, [], env), 1);
  });
});
