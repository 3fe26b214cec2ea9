-- A key is claimed while its user is being created: no resource_id yet, a token and a lease that its
-- holder renews. With the user, in one statement, it becomes completed.
CREATE TABLE idempotency_keys (
  -- In the order of its bytes, in which statements lock the keys of a batch.
  key         text   COLLATE "C" NOT NULL PRIMARY KEY,
  -- A digest of the request under the secret 'request-digest'. NULL: the user was deleted.
  fingerprint text,
  token       uuid   NOT NULL,
  -- By the server's clock, in milliseconds since 1970, as is created_at.
  lease_until bigint NOT NULL,
  resource_id uuid,
  created_at  bigint NOT NULL
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_resource ON idempotency_keys (resource_id);

-- A trigger, so that a key keeps nothing of a deleted user whatever program deletes it. The key itself
-- stays: a repeat must not create the user again.
CREATE FUNCTION erase_idempotency_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE idempotency_keys
  SET fingerprint = NULL, resource_id = NULL
  WHERE resource_id = OLD.id;
  RETURN NULL;
END $$;

CREATE TRIGGER users_erase_idempotency_keys AFTER DELETE ON users
FOR EACH ROW EXECUTE FUNCTION erase_idempotency_keys();
