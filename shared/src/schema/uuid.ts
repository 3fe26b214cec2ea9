// Identifiers: UUIDs, version 7 (RFC 9562) for those that we make.
import { customType } from "./custom-type.ts";

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a value is a UUID of any version in the usual spelling with hyphens, in either case. */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && value.length === 36 && pattern.test(value);
}

/** The schema of an identifier. Callers may send it in upper case; we keep it in lower case. */
export const uuid = customType<string>("Uuid", {
  check: isUuid,
  rule: () => "a UUID such as 01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42",
})({ type: "string", format: "uuid", examples: ["01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42"] });

/** The most identifiers in a list of them: a URL has to hold it. */
const maxUuids = 100;

const spelling = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/** The schema of identifiers in a query, separated by commas: 1–100. */
export const uuidList = customType<string>("Uuids", {
  check(value) {
    if (typeof value !== "string" || value.length > maxUuids * 37) return false;
    return value.split(",").every(isUuid);
  },
  rule: () => `1 to ${maxUuids} UUIDs, separated by commas`,
})({
  type: "string",
  pattern: `^${spelling}(?:,${spelling}){0,${maxUuids - 1}}$`,
  description: `Only those with one of these identifiers, up to ${maxUuids}, separated by commas`,
});

/** The identifiers in such a list, in lower case, each once. */
export function splitUuids(list: string): string[] {
  return [...new Set(list.toLowerCase().split(","))];
}

/** The milliseconds since 1970 in an identifier of version 7. */
function timeIn(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/**
 * Makes identifiers that sort by the time they were made, also where the clock is set back.
 *
 * @param now milliseconds since 1970, as `Date.now`
 * @returns the identifier and the time inside it, which is therefore the thing's creation time
 */
export function uuidSequence(now: () => number): () => { id: string; time: number } {
  let latest = 0;
  let previous = "";
  return () => {
    // Bun borrows from the next milliseconds when it has made thousands in one.
    for (latest = Math.max(latest, now()); ; latest += 1) {
      const id = Bun.randomUUIDv7("hex", latest);
      if (id <= previous || timeIn(id) !== latest) continue;
      previous = id;
      return { id, time: latest };
    }
  };
}
