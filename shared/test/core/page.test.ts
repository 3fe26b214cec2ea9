import { expect, test } from "bun:test";
import { cutPage } from "../../src/core/page.ts";

test.each([
  [[], { items: [], last: undefined }],
  [[1], { items: [1], last: undefined }],
  [[1, 2], { items: [1, 2], last: undefined }],
  [[1, 2, 3], { items: [1, 2], last: 2 }],
])("a page of two items, from the rows %j", (rows, expected) => {
  expect(cutPage<number>(rows, 2)).toEqual(expected);
});
