import { describe, expect, test } from "bun:test";
import { createLog, type LogLevel } from "../src/logger.ts";
import { openContext, type RequestContext } from "../src/request-context.ts";
import { logRequest } from "../src/request-log.ts";
import type { LogLine } from "./harness.ts";

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
