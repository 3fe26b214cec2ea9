// The most that the runtime can do: Bun.serve with bun:sqlite or Bun.SQL by hand, compiled as the
// platform is.
import { join } from "node:path";
import type { EngineName } from "../../engines/engine.ts";
import { imageEnv } from "../image-env.ts";
import { serviceNames, type Peer } from "../peer.ts";

/** The floor on an engine. */
export function floor(engine: EngineName): Peer {
  const prefix = engine === "sqlite" ? "" : "postgres-";
  return {
    name: "floor",
    title: "Floor: Bun.serve",
    isBare: true,
    env: imageEnv,
    missing: async () => undefined,
    async setUp(folder) {
      for (const service of serviceNames) {
        await Bun.build({
          entrypoints: [join(import.meta.dir, `${prefix}${service}.ts`)],
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
}
