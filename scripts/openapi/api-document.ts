// The API documents of the services, as `bun run test:openapi` gives them to other people's tools.
import { join } from "node:path";
import { root } from "../root.ts";

/**
 * The document of a service, as its command `openapi` prints it, in JSON. It is the same on every machine:
 * no variable of this process, such as PUBLIC_URL, reaches the service.
 *
 * @param env the variables that are set
 */
export function apiDocument(service: string, env: Readonly<Record<string, string>> = {}): string {
  const { stdout, exitCode } = Bun.spawnSync(
    [process.execPath, "--no-env-file", join(root, service, "src/main.ts"), "openapi"],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  if (exitCode !== 0) throw new Error(`${service} prints no document: exit status ${exitCode}`);
  return stdout.toString();
}
