-- Ids are UUIDv7 made when an order is stored: their order is the orders' age, and new rows are
-- appended. Times are milliseconds since 1970, money is whole cents.
CREATE TABLE orders (
  id          TEXT    NOT NULL PRIMARY KEY,
  user_id     TEXT    NOT NULL,
  total_cents INTEGER NOT NULL CHECK (total_cents > 0),
  status      TEXT    NOT NULL
    CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One for every combination of filters, so that a page costs the same however many orders there are.
CREATE INDEX orders_by_user ON orders (user_id, id);
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id);

CREATE TABLE order_items (
  order_id         TEXT    NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
  position         INTEGER NOT NULL,
  sku              TEXT    NOT NULL,
  quantity         INTEGER NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
  unit_price_cents INTEGER NOT NULL CHECK (unit_price_cents BETWEEN 1 AND 100000000),
  PRIMARY KEY (order_id, position)
) STRICT, WITHOUT ROWID;

-- A key is claimed while its order is being placed: no order_id yet, a token and a lease that its
-- holder renews. With the order, in one transaction, it becomes used.
CREATE TABLE idempotency_keys (
  key         TEXT    NOT NULL PRIMARY KEY,
  fingerprint TEXT    NOT NULL,
  token       TEXT    NOT NULL,
  lease_until INTEGER NOT NULL,
  order_id    TEXT    REFERENCES orders (id) ON DELETE CASCADE,
  created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_order ON idempotency_keys (order_id);
