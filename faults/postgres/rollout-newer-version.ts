// The next version of a service, whose migrations are one more than those of the executable.
import { join } from "node:path";
import type { Running, ServiceName } from "../../shared/testing/executable.ts";
import { logLines } from "../../shared/testing/log-lines.ts";

/**
 * Starts the next version from source, and waits until it listens; killed at the end of its scope.
 *
 * @param migration the SQL of its last migration
 * @throws Error with the text of stderr if the process exits first
 */
export async function startNewerVersion(
  service: ServiceName,
  migration: string,
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const script = `
    const { migrations } = await import("./src/migrations/postgres/index.ts");
    migrations.push(${JSON.stringify(migration)});
    await import("./src/main.ts");`;
  const child = Bun.spawn([process.execPath, "-e", script, "--", service], {
    cwd: join(import.meta.dir, "../..", service),
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const { lines, write, logged } = logLines();
  void (async () => {
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const texts = (rest + chunk).split("\n");
      rest = texts.pop() ?? "";
      texts.forEach(write);
    }
  })();
  const started = await Promise.race([logged("listening"), child.exited]);
  if (typeof started === "number") {
    throw new Error(`${service} exited with ${started}: ${await child.stderr.text()}`);
  }
  const port = Number(started["port"]);
  const url = `http://127.0.0.1:${port}`;
  return {
    pid: child.pid,
    url,
    port,
    lines,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    logged,
    fetch: (path, init) => fetch(url + path, init),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
