// Processes for the tests of one file, in a folder that each test has for itself.
import { afterEach, beforeEach } from "bun:test";
import { join } from "node:path";
import {
  runCommand,
  startExecutable,
  type Outcome,
  type Running,
  type ServiceName,
} from "./executable.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** Where the processes of the present test run, and how it starts them. */
export interface ProcessTests {
  /** A path in the test's folder, which is every process's working directory. */
  path(...parts: string[]): string;
  start(service: ServiceName, env?: Record<string, string>): Promise<Running>;
  run(
    service: ServiceName,
    args: readonly string[],
    env?: Record<string, string>,
  ): Promise<Outcome>;
}

/** Gives each test of the file an empty folder, and deletes it afterwards. */
export function processTests(): ProcessTests {
  let folder: TemporaryFolder;
  beforeEach(() => void (folder = temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());
  return {
    path: (...parts) => join(folder.path, ...parts),
    start: (service, env = {}) => startExecutable(service, { cwd: folder.path, env }),
    run: (service, args, env = {}) => runCommand(service, args, { cwd: folder.path, env }),
  };
}
