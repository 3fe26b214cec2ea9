// A service on a PostgreSQL database, in a process of its own.
import { join } from "node:path";
import { logLines } from "../../testing/log-lines.ts";

const script = `
  import { Elysia } from "elysia";
  import { runService } from "./src/service/cli.ts";
  import { serviceApp } from "./src/service/service-app.ts";
  const engine = {
    migrations: ["CREATE TABLE notes (id int PRIMARY KEY)"],
    tables: [],
    stores: (storage) => ({ storage }),
  };
  await runService({
    name: "sample",
    database: "sqlite:unused.db",
    engines: { sqlite: engine, postgres: async () => engine },
    settings: {},
    build: ({ parts }) => ({
      app: serviceApp(parts, { title: "sample", description: "A sample", problemOf: () => undefined }),
    }),
  }, process);`;

/** Starts a command of the service. Its process ends with the scope. */
export function startPostgresService(url: string, ...args: readonly string[]) {
  const log = logLines();
  const child = Bun.spawn([process.execPath, "-e", script, "--", "sample", ...args], {
    cwd: join(import.meta.dir, "../.."),
    env: { PORT: "0", HOST: "127.0.0.1", DATABASE_URL: url },
    stdout: "pipe",
    stderr: "pipe",
  });
  const stderr = child.stderr.text();
  async function readStdout(): Promise<string> {
    let text = "";
    let read = 0;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n", read); end >= 0; end = text.indexOf("\n", read)) {
        const line = text.slice(read, end);
        if (line.startsWith("{")) log.write(line);
        read = end + 1;
      }
    }
    return text;
  }
  const stdout = readStdout();
  return {
    lines: log.lines,
    logged: log.logged,
    /** Resolves when the process has ended. */
    async ended() {
      return { status: await child.exited, stdout: await stdout, stderr: await stderr };
    },
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
