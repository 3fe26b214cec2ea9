-- Users are all over an index of them, so that each new order changes a page of it. One is enough: a
-- user's orders in all statuses are merged from those in each.
DROP INDEX orders_by_user;
