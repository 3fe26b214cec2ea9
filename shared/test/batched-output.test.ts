import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { batchedOutput } from "../src/batched-output.ts";
import { temporaryFolder } from "./harness.ts";

test("lines are written together at the end of a turn, in order and whole", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const file = openSync(path, "w");
  const output = batchedOutput(file);
  output.write("one ä\n");
  output.write("two 😀\n");
  expect(readFileSync(path, "utf8")).toBe("");
  await new Promise((resolve) => setImmediate(resolve));
  expect(readFileSync(path, "utf8")).toBe("one ä\ntwo 😀\n");
  closeSync(file);
});

test("a long turn does not pile its lines up", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const file = openSync(path, "w");
  const output = batchedOutput(file);
  const line = `${"x".repeat(999)}\n`;
  for (let n = 0; n < 100; n += 1) output.write(line);
  expect(readFileSync(path, "utf8").length).toBeGreaterThan(80_000);
  output.flush();
  expect(readFileSync(path, "utf8")).toBe(line.repeat(100));
  closeSync(file);
});

test("a log that nobody can read any more is dropped, and the service goes on", async () => {
  await using folder = await temporaryFolder();
  const file = openSync(join(folder.path, "log"), "w");
  closeSync(file);
  const output = batchedOutput(file);
  output.write("lost\n");
  expect(output.flush).not.toThrow();
});
