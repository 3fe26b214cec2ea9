// Points in time as clients send them: RFC 3339 with any offset and any number of fraction digits.
import { Type } from "@sinclair/typebox";
import type { CreationRange } from "../core/id-range.ts";
import { customType } from "./custom-type.ts";

const pattern =
  /^(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The whole milliseconds since 1970 around a point in time; equal if it is on one. */
interface Instant {
  readonly floorMs: number;
  readonly ceilMs: number;
}

/** The midnight, in UTC, that a date begins with; undefined for a day that no calendar has. */
function parseDate(date: string): number | undefined {
  const time = Date.parse(`${date}T00:00:00.000Z`);
  // Date.parse accepts 30 February, and takes it for a day in March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date) ? time : undefined;
}

/**
 * Parses an RFC 3339 `date-time`; undefined for any other text. A leap second, `23:59:60` in UTC at the
 * end of a month (RFC 3339, 5.7), is the first second of the next day, as in Unix time.
 */
export function parseInstant(text: string): Instant | undefined {
  const parts = pattern.exec(text);
  if (parts === null) return undefined;
  const [, date = "", hour, minute, second, fraction = "", sign, offsetHour = 0, offsetMinute = 0] =
    parts;
  const midnight = parseDate(date);
  if (midnight === undefined) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1);
  const minutes = Number(hour) * 60 + Number(minute) - offset;
  const wholeSecond = midnight + minutes * minuteMs + Number(second) * 1000;
  const isFirstOfMonth = () => new Date(wholeSecond).getUTCDate() === 1;
  if (second === "60" && (wholeSecond % dayMs !== 0 || !isFirstOfMonth())) return undefined;
  const floorMs = wholeSecond + Number(fraction.slice(0, 3).padEnd(3, "0"));
  return { floorMs, ceilMs: /[1-9]/.test(fraction.slice(3)) ? floorMs + 1 : floorMs };
}

const instantType = customType<string>("Instant", {
  check: (value) => typeof value === "string" && parseInstant(value) !== undefined,
  rule: () => "an RFC 3339 time such as 2026-01-31T12:00:00Z, with %2B for + in a URL",
});

const instant = (description: string) =>
  Type.Optional(
    instantType({
      type: "string",
      format: "date-time",
      description,
      examples: ["2026-01-31T12:00:00Z"],
    }),
  );

/** The query parameters of a list that can be narrowed to a range of creation times. */
export const creationRange = {
  created_after: instant("Only what was created after this time (exclusive)"),
  created_before: instant("Only what was created before this time (exclusive)"),
};

/** The bounds in a query that matched its schema. Creation times have whole milliseconds. */
export function parseCreationRange({
  created_after,
  created_before,
}: {
  readonly created_after?: string;
  readonly created_before?: string;
}): CreationRange {
  return {
    createdAfter: created_after === undefined ? undefined : parseInstant(created_after)?.floorMs,
    createdBefore: created_before === undefined ? undefined : parseInstant(created_before)?.ceilMs,
  };
}
