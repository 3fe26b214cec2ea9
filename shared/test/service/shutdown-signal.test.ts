import { describe, expect, spyOn, test } from "bun:test";
import { EventEmitter } from "node:events";
import type { ServiceProcess } from "../../src/service/definition.ts";
import { shutdownSignal } from "../../src/service/shutdown-signal.ts";
import { ignoredSignals, type HandledSignal } from "../../src/service/start-signals.ts";
import { logInto } from "../telemetry/log-into.ts";

/** A process that a test can send signals and errors, and the calls that it got. */
function startProcess({
  ignored = [],
  hasTerminal = false,
}: { ignored?: HandledSignal[]; hasTerminal?: boolean } = {}) {
  const events = new EventEmitter();
  const calls: string[] = [];
  const { logger, lines } = logInto();
  const process = {
    on: (event: string, listener: (...args: unknown[]) => void) => events.on(event, listener),
    exit: (status: number) => void calls.push(`exit ${status}`),
  };
  // shutdownSignal() calls these two functions, whose many overloads no fake can have.
  const log = { logger, flush: () => void calls.push("flush") };
  const facts = { ignored, hasTerminal };
  const shutdown = shutdownSignal(process as unknown as ServiceProcess, log, facts);
  return {
    shutdown,
    calls,
    lines,
    handled: () => events.eventNames(),
    send: (event: string, error?: unknown) => events.emit(event, error),
  };
}

describe("shutdownSignal()", () => {
  test("is not aborted without a cause", () => {
    const { shutdown } = startProcess();
    expect(shutdown.signal.aborted).toBe(false);
    expect(shutdown.hasFailed()).toBe(false);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])(
    "is aborted by %s, and the process goes on",
    (signal) => {
      const { shutdown, calls, send } = startProcess();
      send(signal);
      expect(shutdown.signal.aborted).toBe(true);
      expect(shutdown.signal.reason).toBe(signal);
      expect(shutdown.hasFailed()).toBe(false);
      expect(calls).toEqual([]);
    },
  );

  test.each([
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGINT", 130],
    ["SIGINT", "SIGTERM", 143],
    ["SIGHUP", "SIGHUP", 129],
    ["SIGTERM", "SIGHUP", 129],
    ["SIGHUP", "SIGTERM", 143],
    ["SIGQUIT", "SIGQUIT", 131],
  ])("after %s, %s writes the log and exits at once", (first, second, status) => {
    const { calls, send } = startProcess();
    send(first);
    send(second);
    expect(calls).toEqual(["flush", `exit ${status}`]);
  });

  test.each(["SIGUSR1", "SIGUSR2"])(
    "%s does nothing, before and after another signal",
    (signal) => {
      const { shutdown, calls, send } = startProcess();
      expect(send(signal)).toBe(true);
      expect(shutdown.signal.aborted).toBe(false);
      send("SIGTERM");
      send(signal);
      expect(calls).toEqual([]);
    },
  );

  test("leaves signals ignored that were ignored at the start", () => {
    const { handled } = startProcess({ ignored: ["SIGHUP", "SIGINT", "SIGUSR1"] });
    expect(handled()).toEqual([
      "SIGQUIT",
      "SIGTERM",
      "SIGUSR2",
      "uncaughtException",
      "unhandledRejection",
    ]);
  });

  test("takes the two SIGHUP of a closed terminal for one", () => {
    const { calls, send } = startProcess({ hasTerminal: true });
    send("SIGHUP");
    send("SIGHUP");
    expect(calls).toEqual([]);
    send("SIGTERM");
    expect(calls).toEqual(["flush", "exit 143"]);
  });

  test("ends at once when a terminal is closed during a shutdown, or a second SIGHUP comes later", () => {
    const ending = startProcess({ hasTerminal: true });
    ending.send("SIGTERM");
    ending.send("SIGHUP");
    expect(ending.calls).toEqual(["flush", "exit 129"]);
    const hungUp = startProcess({ hasTerminal: true });
    hungUp.send("SIGHUP");
    using now = spyOn(performance, "now");
    now.mockReturnValue(performance.now() + 251);
    hungUp.send("SIGHUP");
    expect(hungUp.calls).toEqual(["flush", "exit 129"]);
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

describe("ignoredSignals()", () => {
  const signals = ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR2"] as const;

  test.each([
    ["0000000000000000", []],
    ["0000000001001000", []],
    ["0000000000000001", ["SIGHUP"]],
    ["0000000000004803", ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR2"]],
  ])("reads in the mask %s %p", (mask, expected: string[]) => {
    const status = `Name:\tuser-service\nSigBlk:\t0000000000000001\nSigIgn:\t${mask}\nSigCgt:\t0`;
    expect(ignoredSignals(signals, () => status)).toEqual(expected as HandledSignal[]);
  });

  test("finds none where the system does not tell", () => {
    const withoutProc = () => {
      throw new Error("ENOENT");
    };
    expect(ignoredSignals(signals, withoutProc)).toEqual([]);
    expect(ignoredSignals(signals, () => "Name:\tx")).toEqual([]);
  });
});
