// Points in time as JSON shows them: RFC 3339, UTC, milliseconds, `Z`.
import { customType } from "./custom-type.ts";

/** The schema of a time in a response. */
export const timestamp = customType<string>("Timestamp", {
  check: (value) => typeof value === "string" && value.length === 24 && value.endsWith("Z"),
  rule: () => "a time such as 2026-01-31T12:00:00.000Z",
})({ type: "string", format: "date-time", examples: ["2026-01-31T12:00:00.000Z"] });

// The last conversion is remembered. A resource that was never changed has the same time twice, a
// page of a hundred resources a hundred times over, and the ETag of a resource that has just been
// read converts its time back.
let latestMs = NaN;
let latest = "";

/** Milliseconds since 1970 as RFC 3339, such as `2026-01-31T12:00:00.000Z`. */
export function toTimestamp(milliseconds: number): string {
  if (milliseconds === latestMs) return latest;
  latest = new Date(milliseconds).toISOString();
  latestMs = milliseconds;
  return latest;
}

/** The milliseconds since 1970 in a text that {@link toTimestamp} made. */
export function fromTimestamp(timestamp: string): number {
  return timestamp === latest ? latestMs : Date.parse(timestamp);
}
