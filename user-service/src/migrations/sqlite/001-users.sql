-- Ids are UUIDv7, so that new rows are appended; times are milliseconds since 1970.
CREATE TABLE users (
  id         TEXT    NOT NULL PRIMARY KEY,
  name       TEXT    NOT NULL,
  -- NOCASE folds ASCII, and an address has nothing else.
  email      TEXT    NOT NULL COLLATE NOCASE UNIQUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX users_by_name ON users (name, id);
