// Identifiers that the services make: UUIDs of version 7 (RFC 9562).

/**
 * Makes identifiers that sort in the order in which they were made, also after the clock was set back.
 *
 * @param now milliseconds since 1970, as `Date.now`
 * @returns makes an identifier, and tells the time inside it: the creation time of the resource
 */
export function uuidSequence(now: () => number): () => { id: string; time: number } {
  let latest = 0;
  let previous = "";
  return () => {
    // After thousands of identifiers in one millisecond, Bun takes the next millisecond.
    for (latest = Math.max(latest, now()); ; latest += 1) {
      const id = Bun.randomUUIDv7("hex", latest);
      const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
      if (id <= previous || time !== latest) continue;
      previous = id;
      return { id, time };
    }
  };
}
