// The repository on GitHub that a release belongs to, and the commit that is released.
import { $ } from "bun";

/** What a step of a release cannot do, with the way out. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
}

const manifest = (await Bun.file("package.json").json()) as { version: string };

/** The version in package.json of the current folder, which is the root of the repository. */
export const { version } = manifest;

/** The tag of that version. */
export const tag = `v${version}`;

/** A variable that GitHub sets, or the workflow. @throws ReleaseError if it is not set */
export function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new ReleaseError(`${name} is not set: docs/releases.md says how to run this step by hand`);
}

/** The full id of the commit that is checked out. */
export const headCommit = async (): Promise<string> => (await $`git rev-parse HEAD`.text()).trim();

/** The versions of all tags, in no order. */
export async function taggedVersions(): Promise<readonly string[]> {
  const tags = await $`git tag --list ${"v*"}`.text();
  return tags.split("\n").flatMap((name) => (name === "" ? [] : [name.slice(1)]));
}

/** Runs a step: an error that it foresees ends the process with the reason alone. */
export async function runStep(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
