// The platform itself: the executables that `bun run build` makes.
import { join, resolve } from "node:path";
import { run } from "../../tools/run.ts";
import { imageEnv } from "../image-env.ts";
import type { Peer } from "../peer.ts";

const root = resolve(import.meta.dir, "../../..");

/** The platform. */
export const platform: Peer = {
  name: "platform",
  title: "bun-elysia-platform",
  env: imageEnv,
  missing: async () => undefined,
  async setUp(folder) {
    await run([process.execPath, "scripts/build.ts", "--outdir", folder], { cwd: root });
    return (service) => [join(folder, service)];
  },
};
