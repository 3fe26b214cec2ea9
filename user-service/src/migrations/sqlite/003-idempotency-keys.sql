-- A key is claimed while its user is being created: no resource_id yet, a token and a lease that its
-- holder renews. With the user, in one transaction, it becomes completed.
CREATE TABLE idempotency_keys (
  key         TEXT    NOT NULL PRIMARY KEY,
  -- A digest of the request under the secret 'request-digest'. NULL: the user was deleted.
  fingerprint TEXT,
  token       TEXT    NOT NULL,
  lease_until INTEGER NOT NULL,
  resource_id TEXT,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_resource ON idempotency_keys (resource_id);

-- A trigger, so that a key keeps nothing of a deleted user whatever program deletes it, also a version
-- of the service that knows no keys. The key itself stays: a repeat must not create the user again.
CREATE TRIGGER users_erase_idempotency_keys AFTER DELETE ON users
BEGIN
  UPDATE idempotency_keys
  SET fingerprint = NULL, resource_id = NULL
  WHERE resource_id = OLD.id;
END;
