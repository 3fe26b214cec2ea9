-- A new order changes a page of each index that begins with its user, and hardly two orders share one.
-- One such index is enough: a user's orders in all statuses are merged from those in each.
DROP INDEX orders_by_user;
