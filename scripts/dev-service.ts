// One service under development: it runs from source, and a change of the source restarts it.
import { watch } from "node:fs";
import { join } from "node:path";
import { type PrintLine, printLines } from "./dev-log.ts";
import { root } from "./root.ts";

interface ServiceOptions {
  name: string;
  /** Where it is to listen, as a client on this machine reaches it. */
  url: string;
  port: number;
  /** Where a debugger can attach, as `host:port/path`; nowhere if undefined. */
  inspector: string | undefined;
  env: Record<string, string | undefined>;
  print: PrintLine;
}

/** A service started by `startService`. */
export interface DevService {
  /** Resolves when `/ready` first gives status 200; stays pending if it never does. */
  ready: Promise<void>;
  /** Resolves with its exit status after `stop()`, or if it fails before it was ever ready. */
  ended: Promise<number>;
  stop(): void;
  kill(): void;
}

/** Files whose change restarts a service; editors leave files of other kinds beside them. */
const sourceFile = /\.(?:ts|sql|json)$/;

/** How long to wait for further changes after one: "save all" and `git switch` write file by file. */
const settleMs = 100;

const readyPollMs = 50;

/**
 * Starts a service and restarts it when its own source or shared's changes.
 *
 * `bun --watch` would replace the process while its asynchronous shutdown is still at work, which cuts
 * requests and leaves storage open, and lose a SIGTERM that comes in between (oven-sh/bun#38689).
 */
export function startService(options: ServiceOptions): DevService {
  const { name, url, port, inspector, env, print } = options;
  const ready = Promise.withResolvers<void>();
  let isEnding = false;
  let wasReady = false;
  let child: ReturnType<typeof spawn> | undefined;
  let wake = Promise.withResolvers<string | undefined>();

  const watchers = [name, "shared"].map((folder) =>
    watch(join(root, folder, "src"), { recursive: true }, (_event, file) => {
      if (file !== null && sourceFile.test(file)) {
        wake.resolve(`${folder}/src/${file} has changed, restarting`);
      }
    }),
  );

  function spawn() {
    // --no-orphans: if this process is killed, its services end too and free their ports.
    const flags = ["--no-orphans", ...(inspector === undefined ? [] : [`--inspect=${inspector}`])];
    return Bun.spawn([process.execPath, ...flags, join(name, "src/main.ts")], {
      cwd: root,
      env: { ...env, PORT: String(port) },
      stdio: ["ignore", "pipe", "pipe"],
      // In a process group of its own, it gets our signal alone and not the terminal's Ctrl-C as well.
      detached: true,
    });
  }

  async function waitUntilReady(): Promise<void> {
    const ask = () =>
      fetch(`${url}/ready`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    while ((await ask())?.ok !== true) {
      if (isEnding) return;
      await Bun.sleep(readyPollMs);
    }
    wasReady = true;
    ready.resolve();
  }

  async function run(): Promise<number> {
    let status = 0;
    void waitUntilReady();
    while (!isEnding) {
      wake = Promise.withResolvers();
      child = spawn();
      const output = [printLines(child.stdout, print), printLines(child.stderr, print)];
      const change = await Promise.race([wake.promise, child.exited.then(() => undefined)]);
      if (change !== undefined) print(change);
      child.kill("SIGTERM");
      status = await child.exited;
      // SIGTERM ends a service that has not come to listen to signals; so far it has done nothing.
      if (isEnding && child.signalCode === "SIGTERM") status = 0;
      await Promise.all(output);
      if (change === undefined && !isEnding) {
        if (!wasReady) break;
        print(`Ended with status ${status}, waiting for a change`);
        print((await wake.promise) ?? "Stopped");
      }
      if (!isEnding) await Bun.sleep(settleMs);
    }
    isEnding = true;
    for (const watcher of watchers) watcher.close();
    return status;
  }

  return {
    ready: ready.promise,
    ended: run(),
    stop() {
      isEnding = true;
      wake.resolve(undefined);
    },
    kill: () => child?.kill("SIGKILL"),
  };
}
