// Points in time as the wire has them: RFC 3339, UTC, milliseconds, `Z`.
import { customType } from "./custom-type.ts";

/** The schema of a time that we send. */
export const timestamp = customType<string>("Timestamp", {
  check: (value) => typeof value === "string" && value.length === 24 && value.endsWith("Z"),
  rule: () => "a time such as 2026-01-31T12:00:00.000Z",
})({ type: "string", format: "date-time", examples: ["2026-01-31T12:00:00.000Z"] });

let latestMs = NaN;
let latest = "";

/** A time in milliseconds since 1970 as the wire has it. */
export function toTimestamp(milliseconds: number): string {
  // What was never changed has the same time twice, and a page has a hundred of them.
  if (milliseconds === latestMs) return latest;
  latest = new Date(milliseconds).toISOString();
  latestMs = milliseconds;
  return latest;
}

/** The milliseconds since 1970 of a time that {@link toTimestamp} gave. */
export function fromTimestamp(timestamp: string): number {
  // The tag of what has just been read is asked for next.
  return timestamp === latest ? latestMs : Date.parse(timestamp);
}

/**
 * The time of a change to something last changed at `previous`. It never repeats or goes back, even
 * where the clock does, so that it tells every state of a resource from every other.
 */
export function timeOfChange(previous: number, now: number): number {
  return Math.max(now, previous + 1);
}
