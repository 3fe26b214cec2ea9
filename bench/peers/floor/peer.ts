// The most that the runtime can do: Bun.serve and bun:sqlite by hand, compiled as the platform is.
import { join } from "node:path";
import { serviceNames, type Peer } from "../peer.ts";

/** The floor. */
export const floor: Peer = {
  name: "floor",
  title: "Floor: Bun.serve",
  isBare: true,
  missing: async () => undefined,
  async setUp(folder) {
    for (const service of serviceNames) {
      await Bun.build({
        entrypoints: [join(import.meta.dir, `${service}.ts`)],
        compile: { outfile: join(folder, service) },
        format: "esm",
        minify: true,
        bytecode: true,
        define: { "process.env.NODE_ENV": '"production"' },
      });
    }
    return (service) => [join(folder, service)];
  },
};
