import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { ServiceProcess } from "../../src/service/definition.ts";
import { shutdownSignal } from "../../src/service/shutdown-signal.ts";
import { logInto } from "../telemetry/log-into.ts";

/** A process that a test can send signals and errors, and the calls that it got. */
function startProcess() {
  const events = new EventEmitter();
  const calls: string[] = [];
  const { logger, lines } = logInto();
  const process = {
    on: (event: string, listener: (...args: unknown[]) => void) => events.on(event, listener),
    exit: (status: number) => void calls.push(`exit ${status}`),
  };
  // shutdownSignal() calls these two functions, whose many overloads no fake can have.
  const shutdown = shutdownSignal(process as unknown as ServiceProcess, {
    logger,
    flush: () => void calls.push("flush"),
  });
  return {
    shutdown,
    calls,
    lines,
    send: (event: string, error?: unknown) => events.emit(event, error),
  };
}

describe("shutdownSignal()", () => {
  test("is not aborted without a cause", () => {
    const { shutdown } = startProcess();
    expect(shutdown.signal.aborted).toBe(false);
    expect(shutdown.hasFailed()).toBe(false);
  });

  test.each(["SIGTERM", "SIGINT"])("is aborted by %s, and the process goes on", (signal) => {
    const { shutdown, calls, send } = startProcess();
    send(signal);
    expect(shutdown.signal.aborted).toBe(true);
    expect(shutdown.signal.reason).toBe(signal);
    expect(shutdown.hasFailed()).toBe(false);
    expect(calls).toEqual([]);
  });

  test.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGTERM", 143],
  ])("after %s, %s writes the log and exits at once", (first, second, status) => {
    const { calls, send } = startProcess();
    send(first);
    send(second);
    expect(calls).toEqual(["flush", `exit ${status}`]);
  });

  const crashes = ["uncaughtException", "unhandledRejection"];
  test.each(crashes)("is aborted by %s, logs the error, and reports a failure", (event) => {
    const { shutdown, lines, send } = startProcess();
    send(event, new TypeError("no such thing"));
    expect(shutdown.signal.aborted).toBe(true);
    expect(shutdown.signal.reason).toBe(event);
    expect(shutdown.hasFailed()).toBe(true);
    expect(lines).toEqual([
      expect.objectContaining({
        level: "fatal",
        msg: event,
        err: expect.objectContaining({ type: "TypeError", message: "no such thing" }),
      }),
    ]);
  });

  test("keeps the first reason, and logs every later error", () => {
    const { shutdown, lines, send } = startProcess();
    send("SIGTERM");
    send("uncaughtException", new Error("one"));
    send("unhandledRejection", "two");
    expect(shutdown.signal.reason).toBe("SIGTERM");
    expect(shutdown.hasFailed()).toBe(true);
    expect(lines.map(({ err }) => err)).toMatchObject([{ message: "one" }, { message: "two" }]);
  });

  test("leaves a service that failed the time to stop at the first signal", () => {
    const { calls, send } = startProcess();
    send("uncaughtException", new Error("one"));
    send("SIGTERM");
    expect(calls).toEqual([]);
    send("SIGTERM");
    expect(calls).toEqual(["flush", "exit 143"]);
  });
});
