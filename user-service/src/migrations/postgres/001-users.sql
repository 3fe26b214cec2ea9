-- Names and addresses are compared by their code points, whatever the collation of the database is.
-- Times are milliseconds since 1970, as the service made them: a timestamptz has microseconds.
CREATE TABLE users (
  id         uuid   NOT NULL PRIMARY KEY,
  name       text   COLLATE "C" NOT NULL,
  email      text   COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

-- With the collation "C", lower() folds ASCII alone, and an address has nothing else. With a Turkish
-- one, lower('I') is another letter, and two users would have one address.
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE INDEX users_by_name ON users (name, id);
