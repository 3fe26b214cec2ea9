// The process of a PostgreSQL server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { asServerUser } from "./postgres-files.ts";

/** A server that accepts connections. */
export interface PostgresProcess {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<unknown>;
  /** The last lines that it has logged. */
  log(): string;
  /** Sends a signal: SIGINT stops it with a checkpoint, SIGQUIT as a crash does. */
  kill(signal: NodeJS.Signals): void;
}

/** How a server is started. */
export interface PostgresProcessOptions {
  readonly programs: string;
  readonly data: string;
  readonly port: number;
  /** As `name=value`; the last of a name counts. */
  readonly settings: readonly string[];
  /** Variables of its environment, beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server, and resolves with it when it accepts connections. */
export async function startPostgresProcess({
  programs,
  data,
  port,
  settings,
  env = {},
}: PostgresProcessOptions): Promise<PostgresProcess> {
  const words = ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
  const { command, args, options } = asServerUser(join(programs, "postgres"), words);
  const server = spawn(command, args, {
    ...options,
    cwd: data,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(server, "exit");
  const ready = Promise.withResolvers<void>();
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-100_000);
    if (/ready to accept (?:read-only )?connections/.test(log)) ready.resolve();
  });
  await Promise.race([
    ready.promise,
    exited.then(() => Promise.reject(new Error(`The server ended: ${log}`))),
  ]);
  return {
    // Node leaves it out only for a process that did not start.
    pid: server.pid ?? NaN,
    exited,
    log: () => log,
    kill: (signal) => void server.kill(signal),
  };
}
