import { describe, expect, test } from "bun:test";
import { toPage } from "../../src/core/page.ts";

describe("toPage()", () => {
  test.each([
    [[], { items: [], nextAfter: undefined }],
    [[1], { items: [1], nextAfter: undefined }],
    [[1, 2], { items: [1, 2], nextAfter: undefined }],
    [[1, 2, 3], { items: [1, 2], nextAfter: "after 2" }],
  ])("makes a page of two items from the rows %j", (rows, expected) => {
    expect(toPage(rows, 2, (row: number) => `after ${row}`)).toEqual(expected);
  });
});
