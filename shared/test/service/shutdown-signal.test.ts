import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { createLog } from "../../src/telemetry/logger.ts";
import type { ServiceProcess } from "../../src/service/definition.ts";
import { shutdownSignal } from "../../src/service/shutdown-signal.ts";
import { logLines } from "../../testing/log-lines.ts";

/** A process that can be sent signals, and what it did about them. */
function startProcess() {
  const events = new EventEmitter();
  const did: string[] = [];
  const destination = logLines();
  const { logger } = createLog({ service: "notes", version: "1", level: "info", destination });
  const parts = {
    on: (event: string, listener: (...args: unknown[]) => void) => events.on(event, listener),
    exit: (status: number) => void did.push(`exit ${status}`),
  };
  // Of a process it uses these two, whose full types no fake can have.
  const stopped = shutdownSignal(parts as unknown as ServiceProcess, {
    logger,
    flush: () => void did.push("flush"),
  });
  return {
    stopped,
    did,
    lines: destination.lines,
    send: (event: string, error?: unknown) => events.emit(event, error),
  };
}

test.each(["SIGTERM", "SIGINT"])("%s stops the service in an orderly way", async (signal) => {
  const { stopped, did, send } = startProcess();
  send(signal);
  expect(await stopped.reason).toBe(signal);
  expect(stopped.hasFailed()).toBe(false);
  expect(did).toEqual([]);
});

test.each([
  ["SIGTERM", "SIGTERM", 143],
  ["SIGINT", "SIGINT", 130],
  ["SIGTERM", "SIGINT", 130],
  ["SIGINT", "SIGTERM", 143],
])("%s and then %s ends the process at once, its log written", (first, second, status) => {
  const { did, send } = startProcess();
  send(first);
  send(second);
  expect(did).toEqual(["flush", `exit ${status}`]);
});

test.each(["uncaughtException", "unhandledRejection"])(
  "an error that nobody caught (%s) is told, and stops the service as failed",
  async (event) => {
    const { stopped, lines, send } = startProcess();
    send(event, new TypeError("no such thing"));
    expect(await stopped.reason).toBe(event);
    expect(stopped.hasFailed()).toBe(true);
    expect(lines).toEqual([
      expect.objectContaining({
        level: "fatal",
        msg: event,
        err: expect.objectContaining({ type: "TypeError", message: "no such thing" }),
      }),
    ]);
  },
);

test("the first reason to stop is the one that counts, and all errors are told", async () => {
  const { stopped, lines, send } = startProcess();
  send("SIGTERM");
  send("uncaughtException", new Error("one"));
  send("unhandledRejection", "two");
  expect(await stopped.reason).toBe("SIGTERM");
  expect(stopped.hasFailed()).toBe(true);
  expect(lines.map(({ err }) => err)).toMatchObject([{ message: "one" }, { message: "two" }]);
});
