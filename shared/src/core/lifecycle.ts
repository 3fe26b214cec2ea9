// The phase of a process between its start and its end, as `/ready` reports it.

/** A draining process still serves, since load balancers need time to see that `/ready` fails. */
export type Phase = "starting" | "ready" | "draining";

/** The phase of one service. The process sets it; requests read it. */
export interface Lifecycle {
  phase: Phase;
}
