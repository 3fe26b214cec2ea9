// Work that a service does at intervals, without a request.

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
