import { Database } from "bun:sqlite";
import { describe, expect, spyOn, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { createLog, logLevels, terminalOutput } from "../../src/telemetry/logger.ts";
import { currentRequest, openContext } from "../../src/telemetry/request-context.ts";
import { recordedSpans } from "../../testing/recorded-spans.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { logInto } from "./log-into.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Logs 2 MiB, far more than a pipe takes, and says on stderr when the event loop has gone on. */
const floodedLog = `
  import { createLog } from ${JSON.stringify(import.meta.resolve("../../src/telemetry/logger.ts"))};
  const { logger } = createLog({ service: "notes", version: "1.2.3", level: "info" });
  for (let n = 0; n < 2048; n += 1) logger.info("x".repeat(1024));
  setTimeout(() => process.stderr.write("goes on"), 50);
`;

describe("createLog()", () => {
  test("does not stop the process while the reader of its pipe stalls", async () => {
    await using folder = temporaryFolder();
    const pipe = join(folder.path, "pipe");
    await Bun.$`mkfifo ${pipe}`.quiet();
    const reader = fs.openSync(pipe, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    // The shell opens the pipe, as a container's engine does: its writes block.
    const child = Bun.spawn(
      ["sh", "-c", `exec "$0" -e "$1" > ${pipe}`, process.execPath, floodedLog],
      {
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    const { value } = await child.stderr.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("goes on");
    child.kill("SIGKILL");
    await child.exited;
    fs.closeSync(reader);
  });

  test("writes a line as one JSON object with level, time, service, fields and message", () => {
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

  test("adds the ids of a request to its lines, also after an await", async () => {
    const { logger, lines } = logInto();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const headers = { "x-request-id": "abc", traceparent };
    await currentRequest.run(openContext(new Request("http://a/notes", { headers })), async () => {
      await Promise.resolve();
      logger.info("within");
    });
    logger.info("outside");
    expect(Object.keys(lines[0] ?? {})).not.toContain("span_id");
    const ids = { request_id: "abc", trace_id: "0af7651916cd43dd8448eb211c80319c" };
    expect(lines[0]).toMatchObject({ msg: "within", ...ids });
    expect(Object.keys(lines[1] ?? {})).not.toContain("request_id");
  });

  test("adds the span of a request whose trace is recorded", () => {
    const { logger, lines } = logInto();
    const context = openContext(new Request("http://a/notes"), { tracer: recordedSpans() });
    currentRequest.run(context, () => logger.info("within"));
    const { traceId = "", spanId = "" } = context.trace.span ?? {};
    expect(spanId).not.toBe("");
    expect(lines[0]).toMatchObject({ trace_id: traceId, span_id: spanId });
  });

  test.each(logLevels)("writes at level %s the lines of this level and above", (level) => {
    const { logger, lines } = logInto(level);
    const written = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
    for (const word of written) logger[word]("x");
    expect(lines.map((line) => line["level"])).toEqual(written.slice(logLevels.indexOf(level)));
  });
});

/** The `err` field of a line at `error` for each of these errors. */
function loggedErrors(errors: readonly unknown[]): unknown[] {
  const { logger, lines } = logInto();
  for (const err of errors) logger.error({ err }, "failed");
  return lines.map(({ err }) => err);
}

describe("createLog() and errors", () => {
  test("writes type, message and stack of an error and of its cause", () => {
    const cause = new TypeError("no such column");
    const stack = expect.stringContaining("logger.test.ts");
    expect(loggedErrors([new Error("Cannot read", { cause })])).toEqual([
      {
        type: "Error",
        message: "Cannot read",
        stack,
        cause: { type: "TypeError", message: "no such column", stack },
      },
    ]);
  });

  test("writes stacks at error, and not in a warning", () => {
    const { logger, lines } = logInto();
    const err = new Error("Cannot ask", { cause: new Error("no answer") });
    logger.warn({ err }, "once more");
    logger.error({ err }, "failed");
    const cause = { type: "Error", message: "no answer" };
    expect(lines[0]?.["err"]).toEqual({ type: "Error", message: "Cannot ask", cause });
    expect(lines[1]?.["err"]).toMatchObject({ stack: expect.stringContaining("Cannot ask") });
  });

  test("does not write what a parser was given", () => {
    const texts = ["token123", '{"id": token123}', "token123.signature"];
    const errors = loggedErrors(
      texts.map((text) => new Error("failed", { cause: thrownBy(() => JSON.parse(text)) })),
    );
    expect(JSON.stringify(errors)).not.toContain("token123");
    expect(errors[0]).toMatchObject({
      cause: {
        type: "SyntaxError",
        message: "JSON Parse error: Unexpected identifier",
        stack: expect.stringMatching(/^SyntaxError: [^"]+\n +at .*logger\.test\.ts/s),
      },
    });
  });

  test("writes the code of a SQLite error, without SQL and names of columns", () => {
    using db = new Database(":memory:");
    db.run("CREATE TABLE notes (owner TEXT UNIQUE)");
    db.run("INSERT INTO notes VALUES ('x')");
    const statements = ["INSERT INTO notes VALUES ('x')", "SELECT secret FROM notes", "SELEKT 1"];
    const errors = loggedErrors(statements.map((sql) => thrownBy(() => db.run(sql))));
    expect(JSON.stringify(errors)).not.toMatch(/owner|secret|SELEKT|constraint failed/);
    expect(errors).toMatchObject([
      { type: "SQLiteError", message: "SQLITE_CONSTRAINT_UNIQUE" },
      { type: "SQLiteError", message: "SQLITE_ERROR" },
      { type: "SQLiteError", message: "SQLITE_ERROR" },
    ]);
  });

  test("writes no other property of an error", () => {
    const carried = { email: "alice@example.com", body: { name: "Alice" } };
    const errors = loggedErrors([Object.assign(new Error("failed"), carried)]);
    expect(JSON.stringify(errors)).not.toMatch(/alice/i);
  });

  test.each([
    ["a text", "no", { type: "string", message: "no" }],
    ["a number", 5, { type: "number", message: "5" }],
    ["an object", { email: "a@b.c" }, { type: "object", message: "[object Object]" }],
  ])("writes type and text of %s that was thrown", (_, thrown, expected) => {
    const around = expect.objectContaining({ message: "failed", cause: expected });
    const errors = loggedErrors([thrown, new Error("failed", { cause: thrown })]);
    expect(errors).toEqual([expected, around]);
  });
});

test("terminalOutput() writes a short line without service fields", async () => {
  const written: string[] = [];
  using _ = spyOn(fs, "writeSync").mockImplementation((_fd: number, text: unknown) => {
    written.push(String(text));
    return Buffer.byteLength(String(text));
  });
  const destination = await terminalOutput();
  const build = { service: "notes", version: "1.2.3" };
  const { logger, flush } = createLog({ ...build, level: "info", destination });
  logger.info({ port: 80 }, "listening");
  flush();
  const shown = Bun.stripANSI(written.join(""));
  expect(shown).toMatch(/^\[[\d:.]+\] INFO: notes listening\n +port: 80\n$/);
});
