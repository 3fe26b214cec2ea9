// What a process is told about signals before its first line runs.
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";

/** A signal that a process can handle and whose meaning services know. */
export type HandledSignal = "SIGHUP" | "SIGINT" | "SIGQUIT" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/**
 * Of these signals those that were ignored when this process started, as SIGHUP is under `nohup` and
 * SIGINT in a script's background job. A handler would undo that. Call it before adding one. Only
 * Linux tells (proc(5), `SigIgn`); on other systems no signal counts as ignored.
 */
export function ignoredSignals(
  signals: readonly HandledSignal[],
  readStatus: () => string = () => readFileSync("/proc/self/status", "utf8"),
): readonly HandledSignal[] {
  let mask: bigint;
  try {
    mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)$/m.exec(readStatus())?.[1] ?? "0"}`);
  } catch {
    return [];
  }
  return signals.filter((signal) => (mask >> BigInt(constants.signals[signal] - 1)) & 1n);
}

/** Whether this process has a controlling terminal, which sends signals when it is closed. */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
