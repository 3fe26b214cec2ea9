// Starts and ends the process of a service.
import { openSync, closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import type { Command } from "../peers/peer.ts";
import { track } from "./children.ts";

/** A running service. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Milliseconds from the start of the process to its first 200. */
  readonly startMs: number;
  /** @throws Error with its stderr if the process has ended */
  ensureRunning(): void;
}

interface ServerOptions {
  /** The name of its files, for its log and its stderr. */
  readonly name: string;
  /** The folder of these files, in which it runs. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Its log goes to a file instead of /dev/null. */
  readonly isLogKept?: boolean;
}

const maxStartMs = 30_000;
const maxStopMs = 10_000;

/** The path of a service's log. */
export function logOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

/** Starts a service. @returns after its first 200 @throws Error if it ends before, or takes 30 s */
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
    const timer = setTimeout(() => child.kill("SIGKILL"), maxStopMs);
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
    while (!(await isHealthy(url))) {
      ensureRunning();
      if (performance.now() - startedAt > maxStartMs) throw new Error(`${name} is not healthy`);
      await Bun.sleep(1);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const startMs = performance.now() - startedAt;
  return { pid: child.pid, url, startMs, ensureRunning, [Symbol.asyncDispose]: stop };
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
}
