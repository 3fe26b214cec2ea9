// Processes for the tests of one file, in a folder that each test has for itself.
import { afterEach, beforeEach } from "bun:test";
import { join } from "node:path";
import { runCommand, startExecutable, type ServiceName } from "./executable.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** Gives each test of the file an empty folder, and deletes it afterwards. */
export function processTests() {
  let folder: TemporaryFolder;
  beforeEach(() => void (folder = temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());
  return {
    /** A path in the test's folder, which is every process's working directory. */
    path: (...parts: string[]) => join(folder.path, ...parts),
    start: (service: ServiceName, env: Environment = {}) =>
      startExecutable(service, { cwd: folder.path, env }),
    run: (service: ServiceName, args: readonly string[], env: Environment = {}) =>
      runCommand(service, args, { cwd: folder.path, env }),
  };
}
