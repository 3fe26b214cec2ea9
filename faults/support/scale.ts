// How much of everything: all of it by command, less where every change is tested.

const isFast = process.env["FAULTS"] === "fast";

/** The amount for this run, of the two. */
export function amount({ full, fast }: { full: number; fast: number }): number {
  return isFast ? fast : full;
}
