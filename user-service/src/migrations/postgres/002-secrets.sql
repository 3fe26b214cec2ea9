-- Random keys, so that all replicas, the service after a restart and a restored copy share them.
CREATE TABLE secrets (
  name  text  COLLATE "C" NOT NULL PRIMARY KEY,
  value bytea NOT NULL CHECK (length(value) = 32)
);

-- A UUID of version 4 has 122 random bits, from the server's strong source; two make a key of 244.
INSERT INTO secrets (name, value)
SELECT name, decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
FROM (
  VALUES
    -- Encrypts the cursors of lists.
    ('cursor'),
    -- For keyed digests of requests.
    ('request-digest')
) AS secret (name);
