import { SQL } from "bun";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasPostgres } from "../../testing/postgres.ts";

const script = join(import.meta.dir, "../../testing/postgres-server.ts");
const isOurs = hasPostgres && !process.env["TEST_DATABASE_URL"];

test.if(isOurs)(
  "postgres-server ends with a test run that was killed, and leaves no file",
  async () => {
    const run = Bun.spawn(["sleep", "1000"]);
    const server = Bun.spawn([process.execPath, script, String(run.pid)], { stdout: "pipe" });
    let output = "";
    for await (const chunk of server.stdout.pipeThrough(new TextDecoderStream())) {
      output += chunk;
      if (!output.endsWith("\n")) continue;
      const { url } = JSON.parse(output) as { url: string };
      await using sql = new SQL(url, { max: 1 });
      const [row] = await sql<{ data_directory: string }[]>`SHOW data_directory`;
      output = row?.data_directory ?? "";
      expect(existsSync(output)).toBe(true);
      run.kill("SIGKILL");
    }
    expect(await server.exited).toBe(0);
    expect(existsSync(join(output, ".."))).toBe(false);
  },
);
