// `bun run dev` as a developer starts it, on a copy of the scripts beside links to the services.
import { expect, test } from "bun:test";
import { cp, mkdir, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { printLines } from "../dev-log.ts";
import { services } from "../services.ts";

const root = resolve(import.meta.dir, "../..");

/** Whether a TCP connection to this address and port succeeds. */
async function isReachable(hostname: string, port: number): Promise<boolean> {
  const connecting = Bun.connect({ hostname, port, socket: { data: () => undefined } });
  return connecting.then(
    (socket) => (socket.terminate(), true),
    () => false,
  );
}

/** The first of as many free ports as there are services. */
function freePorts(): number {
  for (;;) {
    using first = Bun.serve({ port: 0, hostname: "0.0.0.0", fetch: () => new Response() });
    const port = first.port ?? 0;
    try {
      for (let next = 1; next < services.length; next += 1) {
        using _ = Bun.serve({ port: port + next, fetch: () => new Response() });
      }
      return port;
    } catch {
      // The port after it is taken.
    }
  }
}

test("bun run dev serves this machine alone, and other machines do not reach its open routes", async () => {
  await using folder = temporaryFolder();
  await cp(join(root, "scripts"), join(folder.path, "scripts"), { recursive: true });
  const linked = ["package.json", "node_modules", "shared", ...services.map(({ name }) => name)];
  for (const name of linked) await symlink(join(root, name), join(folder.path, name));
  await mkdir(join(folder.path, "data"));

  const port = freePorts();
  const dev = Bun.spawn([process.execPath, "--no-orphans", "scripts/dev.ts"], {
    cwd: folder.path,
    env: { ...process.env, PORT: `${port}`, HOST: "", DATABASE_URL: "", USER_SERVICE_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ready = Promise.withResolvers<void>();
  const printed = printLines(dev.stdout, (line) => {
    if (line.startsWith("The services are ready.")) ready.resolve();
  });
  try {
    await Promise.race([ready.promise, dev.exited]);
    for (let index = 0; index < services.length; index += 1) {
      expect(await isReachable("127.0.0.1", port + index)).toBe(true);
      // Like an address of a network interface: a socket that is bound to 127.0.0.1 does not accept it.
      expect(await isReachable("127.0.0.2", port + index)).toBe(false);
    }
  } finally {
    dev.kill("SIGTERM");
    expect(await dev.exited).toBe(0);
    await printed;
  }
});
