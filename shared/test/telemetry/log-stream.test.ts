import { expect, spyOn, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { logStream } from "../../src/telemetry/log-stream.ts";
import { temporaryFolder } from "../../testing/running-service.ts";

test("lines are written together at the end of a turn, in order and whole", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const file = openSync(path, "w");
  const output = logStream(file, () => undefined);
  output.write("one ä\n");
  output.write("two 😀\n");
  expect(readFileSync(path, "utf8")).toBe("");
  await new Promise((resolve) => setImmediate(resolve));
  expect(readFileSync(path, "utf8")).toBe("one ä\ntwo 😀\n");
  closeSync(file);
});

test("the lines of a turn take one buffer, however many they are", async () => {
  const file = openSync("/dev/null", "w");
  const output = logStream(file, () => undefined);
  using buffers = spyOn(Buffer, "from");
  for (let n = 0; n < 1000; n += 1) output.write("a line\n");
  await new Promise((resolve) => setImmediate(resolve));
  expect(buffers).toHaveBeenCalledTimes(1);
  closeSync(file);
});

test("a reader who stalls stops nothing, and learns what was lost", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "pipe");
  await Bun.$`mkfifo ${path}`.quiet();
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const told = Promise.withResolvers<number>();
  const output = logStream(writer, told.resolve);
  const line = `${"ä".repeat(500)}\n`;
  const written = 10_000;
  for (let n = 0; n < written; n += 1) output.write(line);

  // Only now somebody reads.
  let read = "";
  const decoder = new TextDecoder();
  const chunk = Buffer.alloc(65_536);
  const readAll = () => {
    try {
      for (let n = 1; n > 0;) {
        n = readSync(reader, chunk);
        read += decoder.decode(chunk.subarray(0, n), { stream: true });
      }
    } catch {
      // Empty for now.
    }
  };
  const reading = setInterval(readAll);
  const lost = await told.promise;
  clearInterval(reading);
  readAll();
  closeSync(reader);
  closeSync(writer);
  expect(lost).toBeGreaterThan(0);
  expect(read).toBe(line.repeat(written - lost));
});

test("a log that nobody can read any more is dropped, and the service goes on", async () => {
  await using folder = await temporaryFolder();
  const file = openSync(join(folder.path, "log"), "w");
  closeSync(file);
  const output = logStream(file, () => undefined);
  output.write("lost\n");
  expect(output.flush).not.toThrow();
});
