// The next version of a service, whose migrations are one more than those of the executable.
import { join } from "node:path";
import { untilListening, type Running, type ServiceName } from "../../shared/testing/executable.ts";

/**
 * Starts the next version from source, and waits until it listens; killed at the end of its scope.
 *
 * @param migration the SQL of its last migration
 * @throws Error with the text of stderr if the process exits first
 */
export function startNewerVersion(
  service: ServiceName,
  migration: string,
  env: Readonly<Record<string, string>>,
): Promise<Running> {
  const script = `
    const { migrations } = await import("./src/migrations/postgres/index.ts");
    migrations.push(${JSON.stringify(migration)});
    await import("./src/main.ts");`;
  const child = Bun.spawn([process.execPath, "-e", script, "--", service], {
    cwd: join(import.meta.dir, "../..", service),
    env: { PORT: "0", HOST: "127.0.0.1", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  return untilListening(service, child);
}
