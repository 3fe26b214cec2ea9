// What a service does by itself now and then.
import type { Logger } from "../telemetry/logger.ts";

/** Something to do at the start, and then now and then. A failure is logged, and it is tried again. */
export interface BackgroundJob {
  readonly intervalMs: number;
  /** @param stop says when the service ends, which waits for what is under way */
  run(stop: AbortSignal): Promise<void>;
}

/** Starts chores, none of which overlaps itself. @returns stops them, when what runs has ended */
export function startBackgroundJobs(
  chores: readonly BackgroundJob[],
  logger: Logger,
): () => Promise<void> {
  const stop = new AbortController();
  const running = new Map<BackgroundJob, Promise<void>>();

  async function run(chore: BackgroundJob): Promise<void> {
    try {
      await chore.run(stop.signal);
    } catch (err) {
      logger.warn({ err }, "chore failed, and will be tried again");
    }
    running.delete(chore);
  }

  function start(chore: BackgroundJob): void {
    if (!running.has(chore)) running.set(chore, run(chore));
  }

  chores.forEach(start);
  const timers = chores.map((chore) => setInterval(() => start(chore), chore.intervalMs));
  return async () => {
    timers.forEach(clearInterval);
    stop.abort();
    await Promise.all(running.values());
  };
}
