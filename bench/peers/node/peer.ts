// The choice of a Node team: Fastify, better-sqlite3, prom-client, pino.
import { join } from "node:path";
import { run } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

const minVersion = 20;

/** Whether the packages of the lockfile are installed, which takes minutes. */
function isInstalled(): boolean {
  const installed = Bun.file(join(import.meta.dir, "node_modules/.package-lock.json"));
  const wanted = Bun.file(join(import.meta.dir, "package-lock.json"));
  return installed.size > 0 && installed.lastModified > wanted.lastModified;
}

/** The peer in Node. */
export const node: Peer = {
  name: "node",
  title: "Node: Fastify",
  async missing() {
    const version = Bun.which("node") ? await run(["node", "--version"]) : "";
    const isNew = Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= minVersion;
    // node-gyp needs a compiler and Python.
    const isThere = ["npm", "python3", "make", "g++"].every((tool) => Bun.which(tool));
    if (isNew && isThere) return undefined;
    return `Node.js ${minVersion} or newer (https://nodejs.org), and: apt-get install npm python3 make g++`;
  },
  async setUp() {
    if (!isInstalled()) {
      await run(["npm", "ci", "--ignore-scripts=false", "--no-audit", "--no-fund"], {
        cwd: import.meta.dir,
        // A prebuilt better-sqlite3 would be downloaded from an address that the lockfile does not pin.
        env: { npm_config_build_from_source: "true" },
      });
    }
    return (service) => ["node", join(import.meta.dir, `${service}.js`)];
  },
};
