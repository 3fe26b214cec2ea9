// Programs that a test puts in the place of real ones.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes a program into a folder.
 *
 * @param commands what it does, for a POSIX shell
 * @returns a PATH on which the folder is before all others
 */
export async function stub(folder: string, program: string, commands: string): Promise<string> {
  await writeFile(join(folder, program), `#!/bin/sh\n${commands}\n`, { mode: 0o755 });
  return `${folder}:${process.env["PATH"]}`;
}
