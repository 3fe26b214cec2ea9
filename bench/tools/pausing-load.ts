// Load that pauses, so that services can take short turns on the same cores.
import { figuresOf, startWrk, type Load, type LoadOptions } from "./wrk.ts";

/** The figures of all turns of a load. */
export interface TurnFigures extends Pick<Load, "requests" | "requestsPerSecond" | "errors"> {
  /** The processor time that wrk used, in milliseconds. */
  readonly generatorMs: number;
}

/** A load that sends nothing before its first turn. */
export interface PausingLoad {
  /** Sends load for so many milliseconds. */
  takeTurn(ms: number): Promise<void>;
  /** The same for the last time, up to 0.1 s longer. @throws Error if wrk could not connect */
  takeLastTurn(ms: number): Promise<TurnFigures>;
}

/** More than all turns and pauses together. */
const maxSeconds = 3600;

/** Starts a load that pauses. */
export function pausingLoad(options: Omit<LoadOptions, "seconds">): PausingLoad {
  const child = startWrk({ ...options, seconds: maxSeconds });
  child.kill("SIGSTOP");
  let sentMs = 0;

  async function sendFor(ms: number): Promise<void> {
    child.kill("SIGCONT");
    await Bun.sleep(ms);
  }

  return {
    async takeTurn(ms) {
      const startedAt = performance.now();
      await sendFor(ms);
      child.kill("SIGSTOP");
      sentMs += performance.now() - startedAt;
    },
    async takeLastTurn(ms) {
      const startedAt = performance.now();
      await sendFor(ms);
      // While wrk runs: if it were stopped, its other thread might get the signal, and its main thread sleep on.
      child.kill("SIGINT");
      const { requests, errors, generatorMs } = await figuresOf(child, options.url);
      sentMs += performance.now() - startedAt;
      return { requests, errors, generatorMs, requestsPerSecond: requests / (sentMs / 1000) };
    },
  };
}
