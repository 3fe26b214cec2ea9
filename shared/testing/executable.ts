// A service as users run it: its executable, in a process of its own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildExecutables, executables } from "./build-executables.ts";
import { logLines, type LogLine } from "./log-lines.ts";
import { isPartOfRun, sharedByRun } from "./shared-by-run.ts";

/** A service's name, which its folder in this repository and its executable share. */
export type ServiceName = string;

// Every test run that imports this file builds the executables anew, in two seconds.
if (isPartOfRun) await sharedByRun("executables");
else await buildExecutables();

/** The path of a service's executable. @throws Error if the build makes none of that name */
export function executableOf(service: ServiceName): string {
  const path = join(executables, service);
  if (existsSync(path)) return path;
  throw new Error(`Cannot run "${service}": scripts/services.ts has no such service`);
}

interface SpawnOptions {
  readonly cwd: string;
  /** All variables that the process gets: it inherits none from the test run. */
  readonly env?: Readonly<Record<string, string>>;
  /** The words in front of the executable. The first is a path. Default: none. */
  readonly under?: readonly string[];
}

/** Starts an executable and waits for nothing. */
export function spawnExecutable<Out extends Bun.SpawnOptions.Readable>(
  service: ServiceName,
  args: readonly string[],
  { cwd, env = {}, under = [], stdout }: SpawnOptions & { readonly stdout: Out },
): Bun.Subprocess<"ignore", Out, "pipe"> {
  return Bun.spawn([...under, executableOf(service), ...args], {
    cwd,
    env: { PATH: "/nonexistent", ...env },
    stdin: "ignore",
    stdout,
    stderr: "pipe",
  });
}

/** What a command printed, and its exit status. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command and waits until it has ended. */
export async function runCommand(
  service: ServiceName,
  args: readonly string[],
  options: SpawnOptions,
): Promise<Outcome> {
  const child = spawnExecutable(service, args, { ...options, stdout: "pipe" });
  const [stdout, stderr, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}

/** A process of a service that listens; killed at the end of its scope. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  readonly lines: LogLine[];
  /** Resolves with the exit status. */
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the first log line that has this message, as soon as there is one. */
  logged(msg: string): Promise<LogLine>;
  /** The same as the global `fetch`, but for a path of this service. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * Starts a service and waits until it listens: on 127.0.0.1 and a free port, unless `env` says
 * otherwise.
 *
 * @throws Error with the text of stderr if the process exits first
 */
export function startExecutable(
  service: ServiceName,
  { env = {}, ...options }: SpawnOptions,
): Promise<Running> {
  const child = spawnExecutable(service, [], {
    ...options,
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
    stdout: "pipe",
  });
  return untilListening(service, child);
}

/**
 * Waits until a process of a service listens, on an address of IPv4 on this machine.
 *
 * @throws Error with the text of stderr if the process exits first
 */
export async function untilListening(
  service: ServiceName,
  child: Bun.Subprocess<"ignore", "pipe", "pipe">,
): Promise<Running> {
  const { lines, write, logged } = logLines();

  void (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      const texts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
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
