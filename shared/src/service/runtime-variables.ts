// Variables by which Bun, and not the service, is configured. An executable reads them before its first
// line, so that a service can only refuse to go on.
import type { Environment } from "./env.ts";

/** What a variable does, and whether the service forbids this value of it. */
interface ForbiddenVariable {
  /** Completes "Cannot run with X: ". */
  readonly reason: string;
  /** Default: every value but an empty one. */
  forbids?(value: string): boolean;
}

const forbiddenVariables: Readonly<Record<string, ForbiddenVariable>> = {
  BUN_INSPECT: {
    reason: "it opens a port on which any client can run code in this process; unset it",
    // A socket file admits this user alone, who can attach a debugger without it.
    forbids: (value) => !value.startsWith("ws+unix:"),
  },
  // With any other value than 0, no and false the executable becomes Bun, and this line never runs.
  BUN_BE_BUN: { reason: "it turns the executable into Bun; unset it" },
  BUN_OPTIONS: { reason: "it can load other code into this process; unset it" },
  BUN_CONFIG_VERBOSE_FETCH: {
    reason: "it prints the header fields of calls, tokens included; unset it",
  },
  NODE_TLS_REJECT_UNAUTHORIZED: {
    reason: "it accepts every certificate; unset it, and name your CA in NODE_EXTRA_CA_CERTS",
    forbids: (value) => value === "0",
  },
};

/** A line for each variable that opens a door into the process, or leaks what passes through it. */
export function refusedVariables(environment: Environment): string[] {
  return Object.entries(forbiddenVariables).flatMap(([variable, { reason, forbids }]) => {
    const value = environment[variable] ?? "";
    const isRefused = value !== "" && (forbids?.(value) ?? true);
    return isRefused ? [`Cannot run with ${variable}: ${reason}`] : [];
  });
}
