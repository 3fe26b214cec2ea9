// What a Node team would pick: Fastify, better-sqlite3, prom-client, pino.
import { join } from "node:path";
import { run } from "../../tools/run.ts";
import type { Peer } from "../peer.ts";

const oldest = 20;

/** Whether what the lockfile asks for is installed; the first time it takes minutes. */
function isInstalled(): boolean {
  const installed = Bun.file(join(import.meta.dir, "node_modules/.package-lock.json"));
  const wanted = Bun.file(join(import.meta.dir, "package-lock.json"));
  return installed.size > 0 && installed.lastModified > wanted.lastModified;
}

/** See above. */
export const node: Peer = {
  name: "node",
  title: "Node: Fastify",
  async missing() {
    const version = Bun.which("node") ? await run(["node", "--version"]) : "";
    const isNew = Number(/^v(\d+)/.exec(version)?.[1] ?? 0) >= oldest;
    // A compiler and Python are what node-gyp needs.
    const isThere = ["npm", "python3", "make", "g++"].every((tool) => Bun.which(tool));
    if (isNew && isThere) return undefined;
    return `Node.js ${oldest} or newer (https://nodejs.org), and: apt-get install npm python3 make g++`;
  },
  async setUp() {
    if (!isInstalled()) {
      await run(["npm", "ci", "--ignore-scripts=false", "--no-audit", "--no-fund"], {
        cwd: import.meta.dir,
        // A prebuilt better-sqlite3 would come from outside the lockfile.
        env: { npm_config_build_from_source: "true" },
      });
    }
    return (service) => ["node", join(import.meta.dir, `${service}.js`)];
  },
};
