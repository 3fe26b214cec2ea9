import { expect, test } from "bun:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "../../testing/temporary-folder.ts";

const testRun = pathToFileURL(join(import.meta.dir, "../../testing/test-run.ts")).href;

test("startForTestRun() under bun --no-orphans starts a process that outlives its shell", async () => {
  await using folder = temporaryFolder();
  const file = (name: string) => join(folder.path, name);
  // Prints its line once its shell has ended.
  await Bun.write(
    file("process.ts"),
    `const shell = process.ppid;
console.error("started");
while (process.ppid === shell) await Bun.sleep(10);
console.log(JSON.stringify({ pid: process.pid }));
await Bun.sleep(60_000);`,
  );
  await Bun.write(
    file("run.ts"),
    `import { startForTestRun } from "${testRun}";
const { stop } = await startForTestRun(${JSON.stringify(file("process.ts"))});
await stop();
console.log("stopped");`,
  );
  // A shell that ends only once the process runs.
  const begun = file("begun");
  await Bun.write(
    file("sh"),
    `#!/bin/sh
commands="$2
until [ -s ${begun} ]; do :; done"
shift 3
exec /bin/sh -c "$commands" sh "$@" 2>${begun}
`,
  );
  await Bun.$`chmod +x ${file("sh")}`;
  const child = Bun.spawn([process.execPath, "--no-orphans", file("run.ts")], {
    env: { ...process.env, PATH: `${folder.path}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect({ stdout, stderr }).toEqual({ stdout: "stopped\n", stderr: "" });
});
