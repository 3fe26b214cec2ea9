// One service under development: it runs from source and starts anew when that changes.
import { watch } from "node:fs";
import { join } from "node:path";
import { type PrintLine, printLines } from "./dev-log.ts";

interface ServiceOptions {
  name: string;
  root: string;
  port: number;
  env: Record<string, string | undefined>;
  print: PrintLine;
}

/** A service that `startService` has started. */
export interface DevService {
  /** Resolves when it first answers `/ready`; stays pending if it never does. */
  ready: Promise<void>;
  /** Resolves with its exit status when it was stopped, or has failed before it was ever ready. */
  ended: Promise<number>;
  stop(): void;
  kill(): void;
}

/** The kinds of file that a service is made of; editors leave others beside them. */
const sourceFile = /\.(?:ts|sql|json)$/;

/** How long to wait for more after a change: "save all" and `git switch` write one by one. */
const settleMs = 100;

const readyPollMs = 50;

/**
 * Starts a service and restarts it when its own source or shared's changes.
 *
 * `bun --watch` would replace the process while its asynchronous shutdown is still at work, which cuts
 * requests and leaves storage open, and lose a SIGTERM that comes in between (oven-sh/bun#38689).
 */
export function startService({ name, root, port, env, print }: ServiceOptions): DevService {
  const ready = Promise.withResolvers<void>();
  let isEnding = false;
  let wasReady = false;
  let child: ReturnType<typeof spawn> | undefined;
  let wake = Promise.withResolvers<string>();

  const watchers = [name, "shared"].map((folder) =>
    watch(join(root, folder, "src"), { recursive: true }, (_event, file) => {
      if (file !== null && sourceFile.test(file)) {
        wake.resolve(`${folder}/src/${file} has changed, restarting`);
      }
    }),
  );

  function spawn() {
    // --no-orphans: should this process be killed, no service is left behind holding its port.
    return Bun.spawn([process.execPath, "--no-orphans", join(name, "src/main.ts")], {
      cwd: root,
      env: { ...env, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own: Ctrl-C would reach it beside our own signal, as a second one.
      detached: true,
    });
  }

  async function isReady(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(1000);
      return (await fetch(`http://localhost:${port}/ready`, { signal })).ok;
    } catch {
      return false;
    }
  }

  async function waitUntilReady(): Promise<void> {
    while (!(await isReady())) {
      if (isEnding) return;
      await Bun.sleep(readyPollMs);
    }
    wasReady = true;
    ready.resolve();
  }

  async function run(): Promise<number> {
    let status = 0;
    // Whoever answers before anything was started is not ours: the service will find its port taken.
    if (!(await isReady())) void waitUntilReady();
    while (!isEnding) {
      wake = Promise.withResolvers();
      child = spawn();
      const output = [printLines(child.stdout, print), printLines(child.stderr, print)];
      const reason = await Promise.race([wake.promise, child.exited.then(() => undefined)]);
      if (reason !== undefined) {
        print(reason);
        child.kill("SIGTERM");
      }
      status = await child.exited;
      await Promise.all(output);
      if (reason === undefined && !isEnding) {
        if (!wasReady) break;
        print(`Ended with status ${status}, waiting for a change`);
        print(await wake.promise);
      }
      if (!isEnding) await Bun.sleep(settleMs);
    }
    return status;
  }

  async function runToEnd(): Promise<number> {
    const status = await run();
    isEnding = true;
    for (const watcher of watchers) watcher.close();
    return status;
  }

  return {
    ready: ready.promise,
    ended: runToEnd(),
    stop() {
      isEnding = true;
      wake.resolve("Stopping");
    },
    kill: () => child?.kill("SIGKILL"),
  };
}
