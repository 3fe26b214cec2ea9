// A proxy in front of services: the real program on a free port, with a configuration of its own.
import { join } from "node:path";
import { freePort } from "../../shared/testing/free-port.ts";
import { isListening } from "../../shared/testing/is-listening.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { pathOf, type Program } from "../../shared/testing/required-program.ts";

/** A proxy that listens; ended at the end of its scope. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Its folder, with the files that it writes. */
  readonly folder: string;
  /** The same as the global `fetch`, but for a path of this proxy. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** How a program is started. */
export interface Launch {
  /** The name of the configuration file. */
  readonly file: string;
  /** The whole configuration, for a proxy that listens on this port of 127.0.0.1. */
  configuration(port: number): string;
  /** The arguments, for a proxy that runs in this folder. */
  args(folder: string, port: number): readonly string[];
}

/** How often a port that was free is tried again when another process has taken it meanwhile. */
const maxStarts = 5;

const pollMs = 20;

/**
 * Starts a proxy and waits until it listens.
 *
 * @throws Error with what the program printed if it ends first
 */
export async function startProxy(program: Program, launch: Launch): Promise<Proxy> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(temporaryFolder()).path;
  let output = "";
  for (let start = 0; start < maxStarts; start += 1) {
    const port = freePort();
    await Bun.write(join(folder, launch.file), launch.configuration(port));
    const log = Bun.file(join(folder, "output.log"));
    const child = Bun.spawn([pathOf(program), ...launch.args(folder, port)], {
      cwd: folder,
      // Caddy keeps its state in HOME; varnishd runs a C compiler, which is found by PATH.
      env: { PATH: process.env["PATH"] ?? "", HOME: folder },
      stdio: ["ignore", log, log],
    });
    let hasEnded = false;
    void child.exited.then(() => (hasEnded = true));
    while (!hasEnded && !(await isListening(port))) await Bun.sleep(pollMs);
    if (!hasEnded) {
      stack.defer(async () => {
        child.kill("SIGTERM");
        await child.exited;
      });
      const owned = stack.move();
      const url = `http://127.0.0.1:${port}`;
      return {
        port,
        url,
        folder,
        fetch: (path, init) => fetch(url + path, init),
        [Symbol.asyncDispose]: () => owned.disposeAsync(),
      };
    }
    output = await log.text();
    if (!/in use|already in use|cannot bind/i.test(output)) break;
  }
  throw new Error(`${program} has ended: ${output}`);
}
