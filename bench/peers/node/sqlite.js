// The database of both services on SQLite.
import Database from "better-sqlite3";

/** With synchronous = FULL, a commit returns when its data is on the disk. */
export const db = new Database(process.env.DATABASE_URL.replace(/^sqlite:/, ""));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.pragma("foreign_keys = ON");
db.pragma("busy_timeout = 5000");
