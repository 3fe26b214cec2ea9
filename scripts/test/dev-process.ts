// `bun run dev` as a developer starts it, on a copy of the scripts beside links to the services.
import { expect } from "bun:test";
import { cp, mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { printLines } from "../dev-log.ts";
import { root } from "../root.ts";
import { serviceNames, services } from "../services.ts";

/** A folder with a copy of the scripts, an empty `data/`, and links to the services. */
export async function devFolder() {
  const folder = temporaryFolder();
  await cp(join(root, "scripts"), join(folder.path, "scripts"), {
    recursive: true,
    // `bun run test:openapi` installs its tools below scripts/, which take long to copy.
    filter: (source) => basename(source) !== "node_modules",
  });
  const linked = ["package.json", "node_modules", "shared", ...serviceNames];
  for (const name of linked) await symlink(join(root, name), join(folder.path, name));
  await mkdir(join(folder.path, "data"));
  return folder;
}

interface DevOptions {
  readonly env?: Record<string, string>;
  /** The begin of the command line. */
  readonly before?: readonly string[];
  readonly args?: readonly string[];
  /** A {@link devFolder} to start in. Default: one of its own. */
  readonly folder?: string;
}

/** Runs `scripts/dev.ts` until it is disposed of. */
export async function startDev({ env = {}, before = [], args = [], folder }: DevOptions = {}) {
  const own = folder === undefined ? await devFolder() : undefined;
  const cwd = folder ?? own?.path;
  const port = freePort(services.length);
  const dev = Bun.spawn([...before, process.execPath, "--no-orphans", "scripts/dev.ts", ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: {
      ...process.env,
      PORT: `${port}`,
      HOST: "",
      DATABASE_URL: "",
      USER_SERVICE_URL: "",
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const printed = printLines(dev.stdout, (line) => {
    lines.push(line);
    for (const check of waiting) check();
  });
  /** Resolves when a line that it printed, or prints, has this text. @throws Error if it ends without */
  async function shown(text: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => lines.some((line) => line.includes(text)) && resolve();
    waiting.add(check);
    check();
    // After its last line, which may have the text.
    void printed.then(() => reject(new Error(`It ended without "${text}": ${lines.join("\n")}`)));
    await promise.finally(() => waiting.delete(check));
  }
  await shown("The services are ready.");
  return {
    port,
    pid: dev.pid,
    /** What it has printed. */
    lines,
    shown,
    async [Symbol.asyncDispose]() {
      dev.kill("SIGTERM");
      expect(await dev.exited).toBe(0);
      await printed;
      await own?.[Symbol.asyncDispose]();
    },
  };
}
