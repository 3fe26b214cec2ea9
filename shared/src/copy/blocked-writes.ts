// The time between a copy and the switch to it, in which no service may write to the source.
import { setTimeout } from "node:timers/promises";
import type { CopySource } from "./database.ts";

/** Between two checks that services cannot write, in ms. */
const checkIntervalMs = 1000;

/** Resolves after so many milliseconds, or once the signal is aborted. */
type Pause = (ms: number, signal: AbortSignal) => Promise<unknown>;

const pauseUntil: Pause = (ms, signal) =>
  setTimeout(ms, undefined, { signal }).catch(() => undefined);

/**
 * Resolves once the signal is aborted, until when services cannot write to the source.
 *
 * @throws what {@link CopySource.requireBlocked} does, within seconds after they could
 */
export async function keepBlocked(
  source: Pick<CopySource, "requireBlocked">,
  signal: AbortSignal,
  pause = pauseUntil,
): Promise<void> {
  for (;;) {
    await pause(checkIntervalMs, signal);
    if (signal.aborted) return;
    try {
      await source.requireBlocked();
    } catch (error) {
      // The signal ends the session of a check that is under way.
      if (!signal.aborted) throw error;
    }
  }
}
