// Processes for the tests of one file, in a folder that each test has for itself.
import { afterEach, beforeEach } from "bun:test";
import { join } from "node:path";
import { runCommand, startExecutable, type ServiceName } from "./executable.ts";
import { processDatabases, type Engine } from "./process-databases.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

type Environment = Readonly<Record<string, string>>;

/**
 * Gives each test of the file, or of the `describe` around the call, an empty folder, and deletes it
 * afterwards.
 *
 * @param engine where the processes of a service store, unless `DATABASE_URL` says otherwise: in one
 * SQLite file of the folder, or in one database of PostgreSQL, which each test has for itself
 */
export function processTests(engine: Engine = "SQLite") {
  let folder: TemporaryFolder;
  const databases = processDatabases(engine, () => folder.path);
  beforeEach(() => void (folder = temporaryFolder()));
  afterEach(async () => {
    await databases.drop();
    await folder[Symbol.asyncDispose]();
  });
  const environment = async (service: ServiceName, env: Environment) => {
    return { ...(await databases.environment(service)), ...env };
  };
  return {
    /** A path in the test's folder, which is every process's working directory. */
    path: (...parts: string[]) => join(folder.path, ...parts),
    start: async (service: ServiceName, env: Environment = {}) =>
      startExecutable(service, { cwd: folder.path, env: await environment(service, env) }),
    run: async (service: ServiceName, args: readonly string[], env: Environment = {}) =>
      runCommand(service, args, { cwd: folder.path, env: await environment(service, env) }),
    /** Makes every write of a service wait until the end of the scope. */
    blockWrites: databases.blockWrites,
  };
}
