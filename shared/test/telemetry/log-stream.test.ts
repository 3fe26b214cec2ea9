import { describe, expect, spyOn, test } from "bun:test";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { logStream } from "../../src/telemetry/log-stream.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("logStream()", () => {
  test("writes the lines of a turn together at its end, in order and whole", async () => {
    await using folder = temporaryFolder();
    const path = join(folder.path, "log");
    const file = openSync(path, "w");
    const stream = logStream(file, () => undefined);
    stream.write("one ä\n");
    stream.write("two 😀\n");
    expect(readFileSync(path, "utf8")).toBe("");
    await endOfTurn();
    expect(readFileSync(path, "utf8")).toBe("one ä\ntwo 😀\n");
    closeSync(file);
  });

  test("makes one buffer for all lines of a turn", async () => {
    const file = openSync("/dev/null", "w");
    const stream = logStream(file, () => undefined);
    using buffers = spyOn(Buffer, "from");
    for (let n = 0; n < 1000; n += 1) stream.write("a line\n");
    await endOfTurn();
    // Other buffers are of services that end in the same turn.
    const isOurs = (text: unknown) => typeof text === "string" && text.includes("a line\n");
    const made = buffers.mock.calls.filter(([text]) => isOurs(text));
    expect(made).toEqual([["a line\n".repeat(1000)]]);
    closeSync(file);
  });

  test("drops lines for a reader that stalls, and reports how many", async () => {
    await using folder = temporaryFolder();
    const path = join(folder.path, "pipe");
    await Bun.$`mkfifo ${path}`.quiet();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const reported = Promise.withResolvers<number>();
    const stream = logStream(writer, reported.resolve);
    const line = `${"ä".repeat(500)}\n`;
    const written = 10_000;
    for (let n = 0; n < written; n += 1) stream.write(line);

    // The reader begins only now.
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
        // EAGAIN: the pipe is empty.
      }
    };
    const reading = setInterval(readAll);
    const dropped = await reported.promise;
    clearInterval(reading);
    readAll();
    closeSync(reader);
    closeSync(writer);
    expect(dropped).toBeGreaterThan(0);
    expect(read).toBe(line.repeat(written - dropped));
  });

  test("drops the log of a reader that is gone, without an error", async () => {
    await using folder = temporaryFolder();
    const file = openSync(join(folder.path, "log"), "w");
    closeSync(file);
    const stream = logStream(file, () => undefined);
    stream.write("dropped\n");
    expect(stream.flush).not.toThrow();
  });
});
