// Ways to damage a database file.
import { statSync } from "node:fs";
import { copyFile, open, rename, rm, truncate, writeFile } from "node:fs/promises";

/** SQLite's default page size. */
const pageBytes = 4096;

async function overwrite(path: string, offset: number, length: number): Promise<void> {
  await using file = await open(path, "r+");
  await file.write(new Uint8Array(length).fill(0xa5), 0, length, offset);
}

/** Overwrites the header. */
export const spoilHeader = (path: string) => overwrite(path, 0, 100);

/** Overwrites the schema, which follows the header on the first page. */
export const spoilSchema = (path: string) => overwrite(path, 100, pageBytes - 100);

/** Overwrites every page from this one on (1 is the first), without changing the file's length. */
export async function spoilPages(path: string, from: number): Promise<void> {
  const start = (from - 1) * pageBytes;
  await overwrite(path, start, statSync(path).size - start);
}

/** Overwrites the second half of the pages, where the rows are that were stored last. */
export const spoilSecondHalf = (path: string) =>
  spoilPages(path, Math.ceil(statSync(path).size / pageBytes / 2));

/** Truncates the file to its first half. */
export const halve = (path: string) => truncate(path, Math.floor(statSync(path).size / 2));

/** Truncates the file to nothing. */
export const empty = (path: string) => truncate(path, 0);

/** Replaces the content with text. */
export const replaceByText = (path: string) => writeFile(path, "Dear reader,\n".repeat(2000));

/** Replaces the file by a copy, as a careless restore does while the service runs. */
export async function replaceByCopy(path: string): Promise<void> {
  await copyFile(path, `${path}.copy`);
  await rename(`${path}.copy`, path);
}

/** Deletes the file. */
export const remove = (path: string) => rm(path);
