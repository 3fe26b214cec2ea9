// Whether a database has changed, without asking SQLite, for which each answer is a lock taken and left.
import { constants, type Database } from "bun:sqlite";
import { openSync, readSync, realpathSync } from "node:fs";

/**
 * Whether the file was moved, replaced or deleted since it was opened. It could be written to all the
 * same until the process ends, and nobody would find it again.
 */
export function hasMoved(db: Database): boolean {
  const answer = new Int32Array(2); // SQLite writes four bytes, Bun wants to see eight
  db.fileControl(constants.SQLITE_FCNTL_HAS_MOVED, answer);
  return answer[0] !== 0;
}

/**
 * The header of the write-ahead log's index, which every commit of every process changes: it has a
 * counter of them, the length and the salts of the log, and a checksum of all this
 * (https://sqlite.org/walformat.html#the_wal_index_header).
 */
const headerBytes = 48;

/** The format that is known here, in the first word of the header. */
const knownFormat = 3_007_000;

/**
 * Watches a database in WAL mode that this process has open, and keeps open until its end.
 *
 * @returns tells whether anything may have been committed since it was asked before: always, if the
 * index is not as it should be
 */
export function watchCommits(databaseFile: string): () => boolean {
  // Never closed: it would drop all locks of this process on the file, those of SQLite too
  // (https://sqlite.org/howtocorrupt.html, 2.2).
  const index = openSync(`${realpathSync(databaseFile)}-shm`, "r");
  const found = new Uint32Array(headerBytes / 4);
  const known = new Uint32Array(headerBytes / 4);
  return () => {
    const isWhole = readSync(index, found, 0, headerBytes, 0) === headerBytes;
    let isSame = isWhole && found[0] === knownFormat;
    // Read while it is written, it is neither the former nor the latter, and so not the same.
    for (let n = 0; n < found.length; n += 1) isSame &&= found[n] === known[n];
    if (!isSame) known.set(found);
    return !isSame;
  };
}
