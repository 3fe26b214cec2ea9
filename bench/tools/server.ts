// A service's process: started, waited for, ended.
import { openSync, closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../peers/peer.ts";
import { track } from "./children.ts";

/** A running service. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Milliseconds from the start of the process to its first 200. */
  readonly startMs: number;
  /** Throws, with its last words, if it has ended by itself. */
  ensureRunning(): void;
}

interface ServerOptions {
  /** What its files are called: its log and what it says when it cannot start. */
  readonly name: string;
  /** Where these files go. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its log goes to a file instead of /dev/null. */
  readonly isLogKept?: boolean;
}

const mostStartMs = 30_000;
const mostStopMs = 10_000;

// Below those that the system gives to clients, who would be in the way.
const firstPort = 20_000;
const ports = 12_000;
let tried = Math.floor(Math.random() * ports);

/** A port that nobody listens on; never the same twice in a row. */
function freePort(): number {
  for (;;) {
    const port = firstPort + (tried++ % ports);
    try {
      const socket = { data: () => undefined };
      Bun.listen({ hostname: "127.0.0.1", port, socket }).stop(true);
      return port;
    } catch {
      // Somebody listens on it.
    }
  }
}

/** Where a service's log goes if it is kept. */
export function logOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

/** Starts a service; resolves when it answers. */
export async function startServer(
  command: Command,
  { name, folder, env, isLogKept = false }: ServerOptions,
): Promise<Server> {
  const port = freePort();
  const errors = join(folder, `${name}.err`);
  const stderr = openSync(errors, "w");
  const startedAt = performance.now();
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      PORT: String(port),
      ...env,
    },
    stdio: ["ignore", isLogKept ? Bun.file(logOf(folder, name)) : "ignore", stderr],
  });
  closeSync(stderr);
  track(child);

  async function stop(): Promise<void> {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), mostStopMs);
    await child.exited;
    clearTimeout(timer);
  }

  function ensureRunning(): void {
    if (child.exitCode === null && child.signalCode === null) return;
    const status = child.signalCode ?? child.exitCode;
    throw new Error(`${name} ended with ${status}: ${readFileSync(errors, "utf8")}`);
  }

  const url = `http://127.0.0.1:${port}`;
  try {
    while (!(await answers(url))) {
      ensureRunning();
      if (performance.now() - startedAt > mostStartMs) throw new Error(`${name} does not answer`);
      await Bun.sleep(1);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const startMs = performance.now() - startedAt;
  return { pid: child.pid, url, startMs, ensureRunning, [Symbol.asyncDispose]: stop };
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status === 200;
    },
    () => false,
  );
}
