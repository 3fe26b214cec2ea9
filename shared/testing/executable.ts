// A service as the process that users run: its executable, in a folder of its own.
import { join, resolve } from "node:path";
import type { LogLine } from "./running-service.ts";

/** A service's name, which its folder in this repository and its executable share. */
export type ServiceName = string;

const root = resolve(import.meta.dir, "../..");
const executables = join(root, "dist/test");
console.error("Building the executables for the tests that start them");

/** The commit that the executables are told they are built from. */
export const testCommit = "test";

// Built anew whenever tests that need them are run, which takes two seconds: none is ever older than
// its source. Another run in this tree replaces a file as a whole, by one that is newer still.
const build = Bun.spawnSync([process.execPath, "scripts/build.ts", "--outdir", executables], {
  cwd: root,
  env: { ...process.env, BUILD_COMMIT: testCommit },
});
if (!build.success) throw new Error(`Cannot build the executables: ${build.stderr.toString()}`);

/** The path of a service's executable. */
export function executableOf(service: ServiceName): string {
  return join(executables, service);
}

type Environment = Readonly<Record<string, string>>;

function spawn(service: ServiceName, args: readonly string[], cwd: string, env: Environment) {
  return Bun.spawn([executableOf(service), ...args], {
    cwd,
    // Nothing of the environment in which the tests run.
    env: { PATH: "/nonexistent", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** What a command that ended left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runCommand(
  service: ServiceName,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Environment },
): Promise<Outcome> {
  const child = spawn(service, args, cwd, env);
  const [stdout, stderr, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}

/** A running process of a service. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  readonly lines: LogLine[];
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when a line with this message has been logged. */
  logged(msg: string): Promise<LogLine>;
  /** The same as fetch, with the path alone. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts a service and waits until it listens, on any free port unless told otherwise. */
export async function startExecutable(
  service: ServiceName,
  { cwd, env = {} }: { cwd: string; env?: Environment },
): Promise<Running> {
  const child = spawn(service, [], cwd, { PORT: "0", HOST: "127.0.0.1", ...env });
  const lines: LogLine[] = [];
  const waiting = new Map<string, PromiseWithResolvers<LogLine>>();
  const logged = (msg: string) => {
    const line = lines.find((known) => known["msg"] === msg);
    if (line) return Promise.resolve(line);
    const waiter = waiting.get(msg) ?? Promise.withResolvers<LogLine>();
    waiting.set(msg, waiter);
    return waiter.promise;
  };

  void (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const texts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = texts.pop() ?? "";
      for (const text of texts) {
        const line = JSON.parse(text) as LogLine;
        lines.push(line);
        waiting.get(String(line["msg"]))?.resolve(line);
      }
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
