// Ways to damage a database file.
import { closeSync, copyFileSync, openSync, statSync, writeSync } from "node:fs";
import { rename, rm, truncate, writeFile } from "node:fs/promises";

/** SQLite's default page size. */
const pageBytes = 4096;

function overwrite(path: string, offset: number, length: number): void {
  const file = openSync(path, "r+");
  writeSync(file, new Uint8Array(length).fill(0xa5), 0, length, offset);
  closeSync(file);
}

/** Overwrites the header. */
export async function spoilHeader(path: string): Promise<void> {
  overwrite(path, 0, 100);
}

/** Overwrites the schema, which follows the header on the first page. */
export async function spoilSchema(path: string): Promise<void> {
  overwrite(path, 100, pageBytes - 100);
}

/** Overwrites every page from this one on (1 is the first), without changing the file's length. */
export async function spoilPages(path: string, from: number): Promise<void> {
  const start = (from - 1) * pageBytes;
  overwrite(path, start, statSync(path).size - start);
}

/** Truncates the file to its first half. */
export async function halve(path: string): Promise<void> {
  await truncate(path, Math.floor(statSync(path).size / 2));
}

/** Truncates the file to nothing. */
export async function empty(path: string): Promise<void> {
  await truncate(path, 0);
}

/** Replaces the content with text. */
export async function replaceByText(path: string): Promise<void> {
  await writeFile(path, "Dear reader,\n".repeat(2000));
}

/** Replaces the file by a copy, as a careless restore does while the service runs. */
export async function replaceByCopy(path: string): Promise<void> {
  copyFileSync(path, `${path}.copy`);
  await rename(`${path}.copy`, path);
}

/** Deletes the file. */
export async function remove(path: string): Promise<void> {
  await rm(path);
}
