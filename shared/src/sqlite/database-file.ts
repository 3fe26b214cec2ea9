// The file behind an open database: was it moved, did a process commit to it?
import { constants, type Database } from "bun:sqlite";
import { openSync, readSync, realpathSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileFacts } from "../core/storage.ts";
import { lastBackup } from "./last-backup.ts";

/**
 * Whether the file was moved, replaced or deleted since this process opened it. SQLite would go on
 * writing to the old inode, and the rows would be lost when the process ends.
 */
export function hasMoved(db: Database): boolean {
  const moved = new Int32Array(2); // SQLite writes four bytes, but Bun requires eight
  db.fileControl(constants.SQLITE_FCNTL_HAS_MOVED, moved);
  return moved[0] !== 0;
}

/** What metrics show of a database that is open. */
export function fileFacts(databaseFile: string): FileFacts {
  const file = realpathSync(databaseFile); // SQLite puts the WAL there
  return {
    databaseBytes: async () => (await stat(file)).size,
    walBytes: async () => (await stat(`${file}-wal`)).size,
    async freeBytes() {
      const { bavail, bsize } = await statfs(dirname(file));
      return bavail * bsize;
    },
    backedUpAt: () => lastBackup(file),
  };
}

/**
 * Size of the header of the WAL's index. Every commit of every process changes it: it holds a
 * counter of transactions, the length and the salts of the WAL, and a checksum of these
 * (https://sqlite.org/walformat.html#the_wal_index_header).
 */
const headerBytes = 48;

/** The only version of the format that is read here; it is the first word of the header. */
const knownVersion = 3_007_000;

/**
 * Watches a database in WAL mode that this process has open, and keeps open until its end. SQLite
 * itself would take a lock and release it for each look.
 *
 * @returns a function that tells whether a process may have committed since the call before; always
 * true if the index is incomplete or of another version
 */
export function watchCommits(databaseFile: string): () => boolean {
  // Never close it: POSIX would drop all locks of this process on the file, SQLite's included
  // (https://sqlite.org/howtocorrupt.html, 2.2).
  const index = openSync(`${realpathSync(databaseFile)}-shm`, "r");
  const found = new Uint32Array(headerBytes / 4);
  const known = new Uint32Array(headerBytes / 4);
  return () => {
    const isComplete = readSync(index, found, 0, headerBytes, 0) === headerBytes;
    let isSame = isComplete && found[0] === knownVersion;
    // A torn read counts as a change, which costs one new snapshot and nothing else.
    for (let n = 0; n < found.length; n += 1) isSame &&= found[n] === known[n];
    if (!isSame) known.set(found);
    return !isSame;
  };
}
