// The folder with the files of a release, and what stands beside it until the release is published.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "./repository.ts";

/** Every file in it belongs to the release. */
export const folder = "dist/release";

/** The text of the release, in Markdown. */
export const notesFile = "dist/release.md";

/** The images of the release by digest, one in a line: what scripts/deploy.sh takes. */
export const imagesFile = join(folder, "images.txt");

const sumsFile = join(folder, "SHA256SUMS");

/** The names of the files, in order. */
export const fileNames = async (): Promise<readonly string[]> => (await readdir(folder)).sort();

async function sums(): Promise<string> {
  const names = (await fileNames()).filter((name) => join(folder, name) !== sumsFile);
  const lines = names.map(async (name) => {
    const hash = new Bun.CryptoHasher("sha256");
    for await (const chunk of Bun.file(join(folder, name)).stream()) hash.update(chunk);
    return `${hash.digest("hex")}  ${name}\n`;
  });
  return (await Promise.all(lines)).join("");
}

/** Writes SHA256SUMS, which lists every other file. */
export async function writeSums(): Promise<void> {
  await Bun.write(sumsFile, await sums());
}

/**
 * Reads SHA256SUMS.
 *
 * @returns the SHA-256 of each file by its name
 * @throws ReleaseError if it was not made, or a file is missing, was added or has other bytes
 */
export async function readSums(): Promise<ReadonlyMap<string, string>> {
  const file = Bun.file(sumsFile);
  if (!(await file.exists())) {
    throw new ReleaseError(`There is no ${sumsFile}: bun run release:build makes it`);
  }
  const text = await file.text();
  if (text !== (await sums()))
    throw new ReleaseError(
      `${folder} is not what SHA256SUMS lists. Make it anew: bun run release:build`,
    );
  return new Map(
    text
      .trim()
      .split("\n")
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  );
}
