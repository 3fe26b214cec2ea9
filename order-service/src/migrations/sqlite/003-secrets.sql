-- Random keys, so that all replicas, the service after a restart and a restored copy share them.
CREATE TABLE secrets (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

INSERT INTO secrets (name, value)
VALUES
  -- Encrypts the cursors of lists.
  ('cursor', randomblob(32)),
  -- For keyed digests of requests.
  ('request-digest', randomblob(32));
