// A folder that lives as long as a test's scope.
import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is deleted, with everything in it, when its scope ends. */
export interface TemporaryFolder extends Disposable, AsyncDisposable {
  readonly path: string;
}

/**
 * Makes an empty folder: `using folder = temporaryFolder()`. In an async test, `await using`
 * deletes it without blocking the event loop.
 */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "platform-test-"));
  const options = { recursive: true, force: true };
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, options),
    [Symbol.asyncDispose]: () => rm(path, options),
  };
}
