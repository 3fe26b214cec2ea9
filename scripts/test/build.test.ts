// The command line of `bun run build`.
import { expect, test } from "bun:test";
import { join } from "node:path";

test.each([
  ["--target linux-sparc", 'Cannot build for target "linux-sparc"'],
  ["--targets linux-x64", "Unknown option '--targets'"],
  ["users", 'Cannot build "users"'],
])("what cannot be built (%s) is told with the usage, and status 2", (line, reason) => {
  const script = join(import.meta.dir, "../build.ts");
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    script,
    ...line.split(" "),
  ]);
  expect(exitCode).toBe(2);
  expect(stdout.toString()).toBe("");
  expect(stderr.toString()).toStartWith(reason);
  expect(stderr.toString()).toContain("Usage: bun run build");
});
