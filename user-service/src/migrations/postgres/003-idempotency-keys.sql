-- A key is claimed while its user is being created: no resource_id yet, a token and a lease that its
-- holder renews. With the user, in one statement, it becomes completed. The statement that deletes the
-- user erases resource_id and fingerprint: the key itself stays, as a repeat must not create the user again.
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
