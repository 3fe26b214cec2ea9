// Work that a service does at intervals, without a request.
import type { Logger } from "../telemetry/logger.ts";

/** Work that is done at the start and then at every interval. */
export interface BackgroundJob {
  /** Milliseconds from start to start; a start is left out while the run before it is not over. */
  readonly intervalMs: number;
  /**
   * Does the work once. A rejection is logged, and the next run comes at its usual time.
   *
   * @param stop aborted when the service ends, which then waits for this run
   */
  run(stop: AbortSignal): Promise<void>;
}

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
      logger.warn({ err }, "background job failed, and will be tried again");
    }
    running.delete(job);
  }

  function start(job: BackgroundJob): void {
    if (!running.has(job)) running.set(job, run(job));
  }

  jobs.forEach(start);
  const timers = jobs.map((job) => setInterval(() => start(job), job.intervalMs));
  return async () => {
    timers.forEach(clearInterval);
    stop.abort();
    await Promise.all(running.values());
  };
}
