import { expect, test } from "bun:test";
import { startBackgroundJobs } from "../../src/service/background-jobs.ts";
import { createLog } from "../../src/telemetry/logger.ts";
import { logLines } from "../../testing/log-lines.ts";

function logInto() {
  const destination = logLines();
  const { logger } = createLog({ service: "notes", version: "1", level: "info", destination });
  return { logger, lines: destination.lines };
}

test("a chore is done again and again, also after it failed", async () => {
  const { logger, lines } = logInto();
  const thrice = Promise.withResolvers<void>();
  let runs = 0;
  const run = async () => {
    runs += 1;
    if (runs === 3) thrice.resolve();
    await Promise.reject(new Error("no luck"));
  };
  const stop = startBackgroundJobs([{ intervalMs: 1, run }], logger);
  await thrice.promise;
  await stop();
  expect(lines[0]).toMatchObject({ level: "warn", err: { message: "no luck" } });
});

test("a chore is done at the start, however seldom it is done after that", async () => {
  const { logger } = logInto();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = startBackgroundJobs(
    [{ intervalMs: 3_600_000, run: () => Promise.resolve(resolve()) }],
    logger,
  );
  await promise;
  await stop();
});

test("a chore is told that the service ends, so that it does not have to be waited for", async () => {
  const { logger } = logInto();
  const ended = Promise.withResolvers<void>();
  const run = (stop: AbortSignal) => {
    stop.addEventListener("abort", () => ended.resolve());
    return ended.promise;
  };
  await startBackgroundJobs([{ intervalMs: 3_600_000, run }], logger)();
});

test("a chore that is at work is neither started again nor cut off", async () => {
  const { logger } = logInto();
  const started = Promise.withResolvers<void>();
  const work = Promise.withResolvers<void>();
  const log: string[] = [];
  const run = async () => {
    log.push("started");
    started.resolve();
    await work.promise;
    log.push("ended");
  };
  const thrice = Promise.withResolvers<void>();
  let ticks = 0;
  const tick = () => {
    ticks += 1;
    if (ticks === 3) thrice.resolve();
    return Promise.resolve();
  };
  const stop = startBackgroundJobs(
    [
      { intervalMs: 1, run },
      { intervalMs: 1, run: tick },
    ],
    logger,
  );
  await started.promise;
  // As often as the other, it could have been started again.
  await thrice.promise;
  const stopped = stop().then(() => log.push("stopped"));
  work.resolve();
  await stopped;
  expect(log).toEqual(["started", "ended", "stopped"]);
});
