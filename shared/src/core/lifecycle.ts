// Where a process stands between its start and its end, as its probes tell it.

/** `draining` still serves, so that load balancers can look elsewhere in peace. */
export type Phase = "starting" | "ready" | "draining";

/** The phase of one service, which changes from outside while requests read it. */
export interface Lifecycle {
  phase: Phase;
}
