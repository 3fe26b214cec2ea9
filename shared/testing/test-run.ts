// A process that cleans up after a test run, however that ends: the run starts it, and it watches the
// run.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** In the process: resolves at SIGTERM, or when the test run whose process id is its argument has ended. */
export async function endOfTestRun(): Promise<void> {
  const testRun = Number(process.argv[2]);
  const isAlive = () => {
    try {
      return process.kill(testRun, 0);
    } catch {
      return false;
    }
  };
  const stopped = Promise.withResolvers<void>();
  process.on("SIGTERM", () => stopped.resolve());
  const timer = setInterval(() => !isAlive() && stopped.resolve(), 200);
  await stopped.promise;
  clearInterval(timer);
}

/**
 * Starts the process, whose first line is a JSON object with its `pid`.
 *
 * @returns `printed`: that object; `stop` ends the process
 */
export async function startForTestRun(script: string) {
  // Ctrl-C reaches no process of another session. The shell ends at once: of a test that exceeds its
  // timeout, Bun kills the processes.
  const words = [process.execPath, script, String(process.pid)];
  const { stdout } = spawn("sh", ["-c", '"$@" &', "sh", ...words], {
    detached: true,
    // Under bun --no-orphans the process would end with the shell, its parent, if that ends late.
    env: { ...process.env, BUN_FEATURE_FLAG_NO_ORPHANS: undefined },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(stdout, "close");
  const [text] = await Promise.race([once(stdout, "data"), ended]);
  if (!Buffer.isBuffer(text)) throw new Error(`${script} has failed; its reason is above`);
  const printed: unknown = JSON.parse(text.toString());
  return {
    printed,
    async stop(): Promise<void> {
      process.kill((printed as { pid: number }).pid, "SIGTERM");
      await ended;
    },
  };
}
