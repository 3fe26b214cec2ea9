// Runs the work that a service does at intervals, without a request.
import type { BackgroundJob } from "../core/background-job.ts";
import { StorageUnavailable } from "../core/storage.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Starts jobs, each at once. @returns stops them; resolves when the runs under way are over */
export function startBackgroundJobs(
  jobs: readonly BackgroundJob[],
  logger: Logger,
): () => Promise<void> {
  const stop = new AbortController();
  const running = new Map<BackgroundJob, Promise<void>>();

  async function run(job: BackgroundJob): Promise<void> {
    try {
      await job.run(stop.signal);
    } catch (err) {
      // The storage itself logs that its server is away, once for each outage.
      const isReported = err instanceof StorageUnavailable && err.reason === "unreachable";
      logger[isReported ? "debug" : "warn"](
        { err },
        "background job failed, and will be tried again",
      );
    }
  }

  function start(job: BackgroundJob): void {
    if (running.has(job)) return;
    // Not at the end of run(), which ends before this call returns if the job throws at once.
    running.set(
      job,
      run(job).finally(() => running.delete(job)),
    );
  }

  jobs.forEach(start);
  const timers = jobs.map((job) => setInterval(() => start(job), job.intervalMs));
  return async () => {
    timers.forEach(clearInterval);
    stop.abort();
    await Promise.all(running.values());
  };
}
