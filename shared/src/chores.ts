// What a service does by itself now and then.
import type { Logger } from "./logger.ts";

/** Something to do now and then. A failure is logged, and it is tried again. */
export interface Chore {
  readonly everyMs: number;
  run(): Promise<void>;
}

/** Starts chores, none of which overlaps itself. @returns stops them, when what runs has ended */
export function startChores(chores: readonly Chore[], logger: Logger): () => Promise<void> {
  const running = new Map<Chore, Promise<void>>();

  async function run(chore: Chore): Promise<void> {
    try {
      await chore.run();
    } catch (err) {
      logger.warn({ err }, "chore failed, and will be tried again");
    }
    running.delete(chore);
  }

  const timers = chores.map((chore) =>
    setInterval(() => {
      if (!running.has(chore)) running.set(chore, run(chore));
    }, chore.everyMs),
  );
  return async () => {
    timers.forEach(clearInterval);
    await Promise.all(running.values());
  };
}
