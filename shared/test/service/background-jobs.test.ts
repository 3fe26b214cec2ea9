import { describe, expect, test } from "bun:test";
import { StorageUnavailable, unavailableReasons } from "../../src/core/storage.ts";
import { startBackgroundJobs } from "../../src/service/background-jobs.ts";
import { logInto } from "../telemetry/log-into.ts";

const hourMs = 3_600_000;

/** A function, and a promise that resolves when it has been called so often. */
function calledTimes(count: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let calls = 0;
  const call = () => {
    calls += 1;
    if (calls === count) resolve();
  };
  return { call, promise };
}

describe("startBackgroundJobs()", () => {
  test("runs a job again and again, also after it failed, and logs the failure", async () => {
    const { logger, lines } = logInto();
    const thrice = calledTimes(3);
    const run = () => {
      thrice.call();
      return Promise.reject(new Error("no luck"));
    };
    const stop = startBackgroundJobs([{ intervalMs: 1, run }], logger);
    await thrice.promise;
    await stop();
    expect(lines[0]).toMatchObject({
      level: "warn",
      msg: "background job failed, and will be tried again",
      err: { message: "no luck" },
    });
  });

  test("runs a job again after it threw before it returned a promise", async () => {
    const { logger, lines } = logInto();
    const thrice = calledTimes(3);
    const run = () => {
      thrice.call();
      throw new Error("no luck");
    };
    const stop = startBackgroundJobs([{ intervalMs: 1, run }], logger);
    await thrice.promise;
    await stop();
    expect(lines[0]).toMatchObject({ level: "warn", err: { message: "no luck" } });
  });

  // At the level of most services, an outage of the server is one line: the storage's own.
  test.each(
    unavailableReasons.map(
      (reason) => [reason, reason === "unreachable" ? "debug" : "warn"] as const,
    ),
  )("logs that a job found the storage %s at level %s", async (reason, level) => {
    const { logger, lines } = logInto();
    const run = () => Promise.reject(new StorageUnavailable(reason));
    await startBackgroundJobs([{ intervalMs: hourMs, run }], logger)();
    expect(lines).toMatchObject([{ level, err: { type: "StorageUnavailable" } }]);
  });

  test("runs a job at the start, however long its interval is", async () => {
    const { logger } = logInto();
    const once = calledTimes(1);
    const run = () => Promise.resolve(once.call());
    const stop = startBackgroundJobs([{ intervalMs: hourMs, run }], logger);
    await once.promise;
    await stop();
  });

  test("aborts the signal of a running job, so that it can return early", async () => {
    const { logger } = logInto();
    const run = (stop: AbortSignal) =>
      new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
    await startBackgroundJobs([{ intervalMs: hourMs, run }], logger)();
  });

  test("neither starts a running job a second time nor stops before it is over", async () => {
    const { logger } = logInto();
    const work = Promise.withResolvers<void>();
    const events: string[] = [];
    const run = async () => {
      events.push("started");
      await work.promise;
      events.push("ended");
    };
    const thrice = calledTimes(3);
    const stop = startBackgroundJobs(
      [
        { intervalMs: 1, run },
        { intervalMs: 1, run: () => Promise.resolve(thrice.call()) },
      ],
      logger,
    );
    // The other job has the same interval: with three runs of it, this one was due as often.
    await thrice.promise;
    const stopped = stop().then(() => events.push("stopped"));
    work.resolve();
    await stopped;
    expect(events).toEqual(["started", "ended", "stopped"]);
  });
});
