import { describe, expect, test } from "bun:test";
import { createLog, type LogLevel } from "../../src/telemetry/logger.ts";
import {
  openContext,
  runInRequest,
  type RequestContext,
} from "../../src/telemetry/request-context.ts";
import { logRequest } from "../../src/telemetry/access-log.ts";
import type { LogLine } from "../../testing/running-service.ts";

interface Finished {
  readonly path?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly isOperations?: boolean;
  readonly context?: Partial<RequestContext>;
  readonly level?: LogLevel;
}

/** The line of a finished request; undefined if there is none at this level. */
function lineOf({
  path = "/notes",
  status = 200,
  durationMs = 1,
  isOperations = false,
  context = {},
  level = "debug",
}: Finished): LogLine | undefined {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const { logger } = createLog({ service: "notes", version: "1", level, destination });
  const request = { ...openContext(new Request("http://a/")), path, ...context };
  logRequest(logger, request, { status, durationMs, isOperations });
  return lines[0];
}

test("a finished request is told by method, route, path, status and time", () => {
  const context = { method: "GET", route: "/notes/{id}" };
  expect(lineOf({ path: "/notes/1", durationMs: 1.23456, context })).toMatchObject({
    msg: "request",
    method: "GET",
    route: "/notes/{id}",
    path: "/notes/1",
    status: 200,
    duration_ms: 1.235,
  });
  expect(lineOf({})).toMatchObject({ route: "unmatched" });
});

test.each([
  ["a usual request", {}],
  ["a method that is none", { context: { method: "M'`~!#$%&*+|^" } }],
  [
    "a path of every sign",
    { path: `/${String.fromCharCode(...Array(255).keys()).replace("@", "")}` },
  ],
  ["a path beyond ASCII", { path: "/é/\u2028/😀/\ud800" }],
  ["no time at all", { durationMs: 0 }],
  ["half an hour", { durationMs: 1_800_000.12345 }],
  ["a request that was shed", { status: 503 }],
] as [string, Finished][])("the line of %s is what pino would write", (_, finished) => {
  const context = openContext(new Request("http://a/"));
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const { logger } = createLog({ service: 'no"tes', version: "1", level: "info", destination });
  const { path = "/notes", status = 200, durationMs = 1 } = finished;
  const request = { ...context, path, ...finished.context };
  logRequest(logger, request, { status, durationMs, isOperations: false });
  const { method, requestId, trace } = request;
  const pinoLevel = status >= 500 ? "warn" : "info";
  runInRequest(request, () =>
    logger[pinoLevel](
      {
        method,
        route: "unmatched",
        path,
        status,
        duration_ms: Math.round(durationMs * 1000) / 1000,
      },
      "request",
    ),
  );
  const [line = "", pinos = ""] = written.map((text) => text.replace(/"time":"[^"]*"/, ""));
  expect(line).toBe(pinos);
  expect(JSON.parse(written[0] ?? "")).toMatchObject({
    request_id: requestId,
    trace_id: trace.traceId,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

describe("how bad it was", () => {
  const error = new Error("failed");

  test.each([
    ["an answer", { status: 200 }, "info"],
    ["a refusal", { status: 422 }, "info"],
    ["a failure", { status: 500, context: { error } }, "error"],
    ["a neighbour's failure", { status: 502, context: { error } }, "error"],
    ["a request that was shed", { status: 503 }, "warn"],
    ["a probe", { status: 200, isOperations: true }, "debug"],
    ["a probe while draining", { status: 503, isOperations: true }, "debug"],
    ["a probe that failed", { status: 500, isOperations: true, context: { error } }, "error"],
  ] as const)("%s is told as such", (_, finished, level) => {
    const line = lineOf(finished);
    expect(line?.["level"]).toBe(level);
    expect(line !== undefined && "err" in line).toBe("context" in finished);
  });

  test("what is below the log's level is not told at all", () => {
    expect(lineOf({ level: "warn" })).toBeUndefined();
    expect(lineOf({ level: "warn", status: 503 })).toBeDefined();
    expect(lineOf({ level: "info", isOperations: true })).toBeUndefined();
  });
});

describe("the path", () => {
  test.each([
    ["/users/alice@example.com", "/users/…"],
    ["/users/alice%40example.com/orders", "/users/…/orders"],
    ["/users/alice%2540example.com", "/users/…"],
    ["/users/alice%252540example.com", "/users/…"],
    ["/@alice/x/@bob", "/…/x/…"],
    ["/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["/", "/"],
  ])("%s is logged as %s, so that nobody's address is", (path, logged) => {
    expect(lineOf({ path })?.["path"]).toBe(logged);
  });

  test("is cut if it is long", () => {
    expect(String(lineOf({ path: `/${"x".repeat(100_000)}` })?.["path"])).toHaveLength(1000);
  });
});
