// The choice of a Node team: Fastify, better-sqlite3 or pg, prom-client, pino.
import { join } from "node:path";
import type { EngineName } from "../../engines/engine.ts";
import { run } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

const minVersion = 20;

/** Whether the packages of the lockfile are installed, and better-sqlite3 is built if it is needed. */
function isInstalled(engine: EngineName): boolean {
  const file = (path: string) => Bun.file(join(import.meta.dir, path));
  const installed = file("node_modules/.package-lock.json");
  const built = file("node_modules/better-sqlite3/build/Release/better_sqlite3.node");
  const isUpToDate =
    installed.size > 0 && installed.lastModified > file("package-lock.json").lastModified;
  return isUpToDate && (engine === "postgres" || built.size > 0);
}

/** The peer in Node on an engine. */
export function node(engine: EngineName): Peer {
  return {
    name: "node",
    title: engine === "sqlite" ? "Node: Fastify" : "Node: Fastify, pg",
    async missing() {
      const version = Bun.which("node") ? await run(["node", "--version"]) : "";
      const isNew = Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= minVersion;
      // node-gyp needs a compiler and Python, to build better-sqlite3.
      const tools = engine === "sqlite" ? ["npm", "python3", "make", "g++"] : ["npm"];
      if (isNew && tools.every((tool) => Bun.which(tool))) return undefined;
      return `Node.js ${minVersion} or newer (https://nodejs.org), and: apt-get install ${tools.join(" ")}`;
    },
    async setUp() {
      if (!isInstalled(engine)) {
        const scripts = `--ignore-scripts=${String(engine === "postgres")}`;
        await run(["npm", "ci", scripts, "--no-audit", "--no-fund"], {
          cwd: import.meta.dir,
          // A prebuilt better-sqlite3 would be downloaded from an address that the lockfile does not pin.
          env: { npm_config_build_from_source: "true" },
        });
      }
      return (service) => ["node", join(import.meta.dir, `${service}.js`)];
    },
  };
}
