import { describe, expect, spyOn, test } from "bun:test";
import fs from "node:fs";
import { createLog, logLevels, type LogLevel } from "../src/logger.ts";
import { openContext, runInRequest } from "../src/request-context.ts";
import type { LogLine } from "./harness.ts";

/** A log and the lines that it has written. */
function logInto(level: LogLevel = "trace") {
  const lines: LogLine[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, ...createLog({ service: "notes", version: "1.2.3", level, destination }) };
}

describe("a line", () => {
  test("is one JSON object that tells when, how bad, what and by whom", () => {
    const { logger, lines } = logInto();
    logger.warn({ port: 80 }, "two\nlines");
    expect(lines).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        service: "notes",
        version: "1.2.3",
        port: 80,
        msg: "two\nlines",
      },
    ]);
  });

  test("that is written for a request carries its ids, also after a wait", async () => {
    const { logger, lines } = logInto();
    const headers = {
      "x-request-id": "abc",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    };
    await runInRequest(openContext(new Request("http://a/notes", { headers })), async () => {
      await Promise.resolve();
      logger.info("within");
    });
    logger.info("outside");
    const ids = { request_id: "abc", trace_id: "0af7651916cd43dd8448eb211c80319c" };
    expect(lines[0]).toMatchObject({ msg: "within", ...ids });
    expect(Object.keys(lines[1] ?? {})).not.toContain("request_id");
  });
});

test.each(logLevels.map((level, at) => [level, at] as const))(
  "a log at level %s has the lines of this level and those above",
  (level, at) => {
    const { logger, lines } = logInto(level);
    const written = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
    for (const word of written) logger[word]("x");
    expect(lines.map((line) => line["level"])).toEqual(written.slice(at));
  },
);

describe("an error", () => {
  test("is told by type, message and stack, and so is what caused it", () => {
    const { logger, lines } = logInto();
    const cause = new TypeError("no such column");
    logger.error({ err: new Error("Cannot read", { cause }) }, "failed");
    expect(lines[0]?.["err"]).toEqual({
      type: "Error",
      message: "Cannot read",
      stack: expect.stringContaining("logger.test.ts"),
      cause: {
        type: "TypeError",
        message: "no such column",
        stack: expect.stringContaining("logger.test.ts"),
      },
    });
  });

  test("brings nothing else to the log that it may carry", () => {
    const { logger, lines } = logInto();
    const carried = { email: "alice@example.com", body: { name: "Alice" } };
    logger.error({ err: Object.assign(new Error("failed"), carried) }, "failed");
    expect(JSON.stringify(lines)).not.toMatch(/alice/i);
  });

  test.each([
    ["a text", "no", { type: "string", message: "no" }],
    ["a number", 5, { type: "number", message: "5" }],
    ["an object", { email: "a@b.c" }, { type: "object", message: "[object Object]" }],
  ])("that is no error but %s is told as far as it goes", (_, thrown, expected) => {
    const { logger, lines } = logInto();
    logger.error({ err: thrown }, "failed");
    logger.error({ err: new Error("failed", { cause: thrown }) }, "failed");
    expect(lines.map(({ err }) => err)).toEqual([
      expected,
      expect.objectContaining({ message: "failed", cause: expected }),
    ]);
  });
});

test("on a terminal people get a short line with what matters to them", () => {
  const written: string[] = [];
  using _ = spyOn(fs, "writeSync").mockImplementation((_fd: number, text: unknown) => {
    written.push(String(text));
    return Buffer.byteLength(String(text));
  });
  const { logger, flush } = createLog({
    service: "notes",
    version: "1.2.3",
    level: "info",
    isTerminal: true,
  });
  logger.info({ port: 80 }, "listening");
  flush();
  const shown = Bun.stripANSI(written.join(""));
  expect(shown).toMatch(/^\[[\d:.]+\] INFO: notes listening\n +port: 80\n$/);
});
