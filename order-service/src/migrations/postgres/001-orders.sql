-- Ids are UUIDv7 made by the service when an order is stored: their order is the orders' age. Times are
-- milliseconds since 1970, money is whole cents. An order's items never change, so they are part of its
-- row: {"sku", "quantity", "unit_price_cents"} each, in the order of the request.
CREATE TABLE orders (
  id          uuid   NOT NULL PRIMARY KEY,
  user_id     uuid   NOT NULL,
  items       jsonb  NOT NULL CHECK (jsonb_typeof(items) = 'array'),
  item_count  int    NOT NULL CHECK (item_count > 0),
  total_cents bigint NOT NULL CHECK (total_cents > 0),
  status      text   COLLATE "C" NOT NULL
    CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
  created_at  bigint NOT NULL,
  updated_at  bigint NOT NULL
);

-- A page costs the same however many orders there are: with the primary key, one for every combination
-- of filters, but that a user's orders in all statuses are merged from those in each.
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id);

-- A key is claimed while its order is being placed: no resource_id yet, a token and a lease that its
-- holder renews. With the order, in one statement, it becomes completed. The service deletes no orders;
-- an operator that deletes one deletes its key too, or a repeat of its request fails for a day.
CREATE TABLE idempotency_keys (
  -- In the order of its bytes, in which statements lock the keys of a batch.
  key         text COLLATE "C" NOT NULL PRIMARY KEY,
  fingerprint text,
  token       uuid   NOT NULL,
  -- By the server's clock, in milliseconds since 1970, as is created_at.
  lease_until bigint NOT NULL,
  resource_id uuid,
  created_at  bigint NOT NULL
);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
