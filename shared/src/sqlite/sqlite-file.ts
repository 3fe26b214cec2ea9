// The file behind a database that is open.
import { constants, type Database } from "bun:sqlite";

/**
 * Whether the file was moved, replaced or deleted since it was opened. It could be written to all the
 * same until the process ends, and nobody would find it again.
 */
export function hasMoved(db: Database): boolean {
  const answer = new Int32Array(2); // SQLite writes four bytes, Bun wants to see eight
  db.fileControl(constants.SQLITE_FCNTL_HAS_MOVED, answer);
  return answer[0] !== 0;
}
