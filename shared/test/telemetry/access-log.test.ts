import { describe, expect, test } from "bun:test";
import type { LogLevel } from "../../src/telemetry/logger.ts";
import {
  currentRequest,
  openContext,
  type RequestContext,
} from "../../src/telemetry/request-context.ts";
import { logRequest } from "../../src/telemetry/access-log.ts";
import type { LogLine } from "../../testing/log-lines.ts";
import { recordedSpans } from "../../testing/recorded-spans.ts";
import { logInto } from "./log-into.ts";

interface Finished extends Partial<Parameters<typeof logRequest>[2]> {
  readonly path?: string;
  readonly isManagement?: boolean;
  readonly context?: Partial<RequestContext>;
  readonly level?: LogLevel;
}

function contextOf({
  path = "/notes",
  isManagement = false,
  context = {},
}: Finished): RequestContext {
  return { ...openContext(new Request("http://a/")), path, isManagement, ...context };
}

/** What is known of a request whose client has this name. */
function calledBy(clientName: string | undefined): Partial<RequestContext> {
  const clientNameJson = JSON.stringify(clientName);
  const scopes = new Set<string>();
  const caller = { identity: "secret", clientName, clientNameJson, scopes, userId: undefined };
  return { authPolicy: { realm: "notes", isEnforced: true }, caller, authOutcome: "ok" };
}

/** The line of a finished request; undefined if none is written at this level. */
function lineOf(finished: Finished): LogLine | undefined {
  const { status = 200, durationMs = 1, level = "debug" } = finished;
  const { logger, lines } = logInto(level);
  logRequest(logger, contextOf(finished), { status, durationMs });
  return lines[0];
}

const recordedTrace = openContext(new Request("http://a/"), { tracer: recordedSpans() }).trace;

describe("logRequest()", () => {
  test("writes method, route, path, status and duration of a finished request", () => {
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

  test("writes the time at which the request ended", () => {
    const context = { startedAtUnixMs: Date.UTC(2026, 0, 1) };
    expect(lineOf({ durationMs: 1250.75, context })).toMatchObject({
      time: "2026-01-01T00:00:01.250Z",
    });
  });

  const everyCharacter = String.fromCharCode(...Array(255).keys()).replace("@", "");
  test.each<[string, Finished]>([
    ["a usual request", {}],
    ["an invented method", { context: { method: "M'`~!#$%&*+|^" } }],
    ["a path of every character up to U+00FE", { path: `/${everyCharacter}` }],
    ["a path beyond ASCII", { path: "/é/\u2028/😀/\ud800" }],
    ["a duration of 0", { durationMs: 0 }],
    ["a duration of half an hour", { durationMs: 1_800_000.12345 }],
    ["a request rejected by load shedding", { status: 503, context: { logReason: "body-memory" } }],
    ["a request whose trace is recorded", { context: { trace: recordedTrace } }],
    ["a request of a client with a name", { context: calledBy('web "1"\n') }],
    ["a request of a client without one", { context: calledBy(undefined) }],
  ])("writes for %s the line that pino would write", (_, finished) => {
    const { logger, written } = logInto("info", 'no"tes');
    const request = contextOf(finished);
    const { status = 200, durationMs = 1 } = finished;
    logRequest(logger, request, { status, durationMs });
    const { method, path, requestId, trace } = request;
    const duration_ms = Math.round(durationMs * 1000) / 1000;
    const reason = request.logReason && { reason: request.logReason };
    const fields = { method, route: "unmatched", path, status, ...reason, duration_ms };
    const pinoLevel = status >= 500 ? "warn" : "info";
    currentRequest.run(request, () => logger[pinoLevel](fields, "request"));
    const [line = "", pinos = ""] = written.map((text) => text.replace(/"time":"[^"]*"/, ""));
    expect(line).toBe(pinos);
    expect(JSON.parse(written[0] ?? "")).toMatchObject({
      request_id: requestId,
      trace_id: trace.traceId,
      ...(trace.span && { span_id: trace.span.spanId }),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  const error = new Error("failed");

  test.each([
    ["a success", { status: 200 }, "info"],
    ["a 4xx", { status: 422 }, "info"],
    ["a failure", { status: 500, context: { error } }, "error"],
    ["a failure of the upstream", { status: 502, context: { error } }, "error"],
    ["a request rejected by load shedding", { status: 503 }, "warn"],
    ["a probe", { status: 200, isManagement: true }, "debug"],
    ["a probe while draining", { status: 503, isManagement: true }, "debug"],
    ["a probe that failed", { status: 500, isManagement: true, context: { error } }, "error"],
  ] as const)("chooses the level for %s, with err for failures alone", (_, finished, level) => {
    const line = lineOf(finished);
    expect(line?.["level"]).toBe(level);
    expect(line !== undefined && "err" in line).toBe("context" in finished);
  });

  test("writes nothing below the log's level", () => {
    expect(lineOf({ level: "warn" })).toBeUndefined();
    expect(lineOf({ level: "warn", status: 503 })).toBeDefined();
    expect(lineOf({ level: "info", isManagement: true })).toBeUndefined();
  });

  test.each([
    ["/users/alice@example.com", "/users/…"],
    ["/users/alice%40example.com/orders", "/users/…/orders"],
    ["/users/alice%2540example.com", "/users/…"],
    ["/users/alice%252540example.com", "/users/…"],
    ["/@alice/x/@bob", "/…/x/…"],
    ["/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"],
    ["/", "/"],
  ])("keeps e-mail addresses out of the log: path %s is logged as %s", (path, logged) => {
    expect(lineOf({ path })?.["path"]).toBe(logged);
  });

  test("cuts a long path to 1,000 characters", () => {
    expect(String(lineOf({ path: `/${"x".repeat(100_000)}` })?.["path"])).toHaveLength(1000);
  });
});
