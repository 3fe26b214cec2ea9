import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { unknownPath } from "../../src/http/common-problems.ts";
import { problemResponse, type Problem } from "../../src/http/problem.ts";

/** The `instance` of a problem for a request with this path. */
async function instanceOf(path: string): Promise<string> {
  const response = problemResponse(unknownPath(), { path, requestId: "r1" });
  return ((await response.json()) as Problem).instance;
}

const long = 100;

describe("problemResponse(): instance", () => {
  test.each([
    ["a short path", "/users/1", "/users/1"],
    ["a short path in triplets", "/caf%C3%A9", "/caf%C3%A9"],
    ["a lone percent sign", "/100%", "/100%25"],
    ["characters that are not allowed in a path", '/"a b"', "/%22a%20b%22"],
    ["two slashes at the start", "//host/a", "/host/a"],
    ["a long segment", `/a/${"x".repeat(200)}/b`, `/a/${"x".repeat(100)}/b`],
    ["a triplet at the end of a cut", `/${"x".repeat(99)}%58y`, `/${"x".repeat(99)}`],
    ["a percent sign at the end of a cut", `/${"x".repeat(98)}%y`, `/${"x".repeat(98)}`],
    [
      "a character of two bytes at the end of a cut",
      `/${"é".repeat(50)}`,
      `/${"%C3%A9".repeat(16)}`,
    ],
    ["a character of two units at the end of a cut", `/${"x".repeat(95)}😀`, `/${"x".repeat(95)}`],
    ["many segments", "/a".repeat(60), "/a".repeat(9)],
  ])("for %s", async (_, path, expected) => {
    expect(await instanceOf(path)).toBe(expected);
  });

  test("is cut between characters alone, and names the path as far as it goes", async () => {
    const segment = fc.oneof(
      fc.string({ unit: "grapheme", minLength: 20, maxLength: 300 }),
      fc.string({ unit: "grapheme", minLength: 20, maxLength: 300 }).map(encodeURIComponent),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 12 }), async (segments) => {
        const path = `/${segments.map((text) => text.replaceAll("/", "")).join("/")}`;
        const instance = await instanceOf(path);
        const cut = instance.split("/");
        for (const [at, sent] of path.replace(/^\/+/, "/").split("/").slice(0, 10).entries()) {
          const kept = cut[at] ?? "";
          expect(kept.length).toBeLessThanOrEqual(long);
          // Throws if the cut is inside of a triplet, or between the bytes of a character.
          const decoded = decodeURIComponent(kept);
          expect(decodeURIComponent(escaped(sent))).toStartWith(decoded);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("is cut to whole triplets where they are no characters", async () => {
    const path = `/${"%ff%80".repeat(100)}`;
    expect(await instanceOf(path)).toMatch(/^\/(?:%ff%80){1,16}$/);
    expect(await instanceOf(`/${"%80".repeat(100)}`)).toMatch(/^\/(?:%80){32}$/);
  });
});

/** The text with its lone percent signs as triplets. */
const escaped = (text: string) => text.replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
