// How much a test does: `FAULTS=fast` does less, for every change; the default is a full run.

const isFast = process.env["FAULTS"] === "fast";

/** The amount for this run. */
export function amount({ full, fast }: { full: number; fast: number }): number {
  return isFast ? fast : full;
}
