// Keeps file descriptors free. Each connection takes one, and so does each file that SQLite opens. Bun
// retries accept() all the time while none is left, which takes a quarter of a core, and says nothing.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { oncePerMinute } from "../core/once-per-minute.ts";
import { hasErrno } from "../core/errno.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Whether file descriptors are short, as far as the server has to know. */
export interface FileDescriptors {
  /**
   * Whether so few are free that a connection has to end with its response. Call it once per
   * response: it counts only when enough connections may have come since the last count.
   */
  areShort(): boolean;
  /** Whether they were short at any time since the last call. Reads the limit of the process again. */
  wereShort(): boolean;
  /** How many the process may have; infinite where the system does not say. */
  readonly max: number;
}

/**
 * The soft limit of this process, which Bun raises to the hard limit at its start. Infinite where the
 * system has no such file or no limit; NaN if the file cannot be read now.
 */
function readMax(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch (error) {
    return hasErrno(error, "ENOENT") ? Infinity : NaN;
  }
}

/** How many descriptors are open; infinite if there is not even one to count them with. */
function countOpen(): number {
  const folder = "/proc/self/fd";
  try {
    // Since Linux 6.2 the folder's size is their number. To list 15,000 takes 64 ms, and a descriptor.
    return statSync(folder).size || readdirSync(folder).length;
  } catch (error) {
    return hasErrno(error, "EMFILE", "ENFILE") ? Infinity : 0;
  }
}

/** Descriptors for the storage, for calls of other services, and for connections of one response. */
const [minReserve, maxReserve] = [8, 4096];

/** How many of `max` descriptors are kept free. */
function reserveOf(max: number): number {
  return Math.min(Math.max(Math.ceil(max / 8), minReserve), maxReserve);
}

/** Watches the descriptors of this process; a test hands in others. */
export function fileDescriptors(system = { readMax, countOpen }): FileDescriptors {
  let max = system.readMax() || Infinity;
  let responsesUntilCheck = 0;
  let isShort = false;
  let wasShort = false;

  function check(): void {
    const reserve = reserveOf(max);
    const open = max === Infinity ? 0 : system.countOpen();
    const left = max - reserve - open;
    isShort = left <= 0;
    wasShort ||= isShort;
    // Each response belongs to one new connection at most. Counting takes longer than many responses, so
    // connections may use an eighth of the reserve before the next count.
    responsesUntilCheck = Math.max(left, Math.ceil(reserve / 8));
  }

  return {
    areShort() {
      responsesUntilCheck -= 1;
      if (responsesUntilCheck <= 0) check();
      return isShort;
    },
    wereShort() {
      max = system.readMax() || max;
      check();
      const result = wasShort;
      wasShort = false;
      return result;
    },
    get max() {
      return max;
    },
  };
}

const checkIntervalMs = 1000;

interface WatchParts {
  readonly descriptors: FileDescriptors;
  readonly logger: Logger;
  readonly metrics: {
    /** Adds seconds in which descriptors were short. */
    shortOfDescriptors(seconds: number): void;
  };
  /** Monotonic ms. */
  now?(): number;
}

/** The job that reports a shortage: in the metrics every second, and in the log once a minute. */
export function descriptorWatch({ descriptors, logger, metrics, now }: WatchParts) {
  const mayWarn = oncePerMinute(now);
  return {
    intervalMs: checkIntervalMs,
    async run(): Promise<void> {
      if (!descriptors.wereShort()) return;
      metrics.shortOfDescriptors(checkIntervalMs / 1000);
      if (!mayWarn()) return;
      logger.warn(
        { max_fds: descriptors.max },
        "file descriptors are short: connections end with their response, and new ones may have to wait",
      );
    },
  };
}
