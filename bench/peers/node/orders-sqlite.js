// Orders in SQLite.
import { db } from "./sqlite.js";

const byId = db.prepare(`
  SELECT id, user_id, total_cents, status, created_at, updated_at
  FROM orders
  WHERE id = ?`);
const linesOf = db.prepare(`
  SELECT sku, quantity, unit_price_cents
  FROM order_items
  WHERE order_id = ?
  ORDER BY position`);
const insertOrder = db.prepare(`
  INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)
  VALUES (@id, @user_id, @total_cents, @status, @created_at, @updated_at)`);
const insertLine = db.prepare(`
  INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)
  VALUES (?, ?, ?, ?, ?)`);
const place = db.transaction((row) => {
  insertOrder.run(row);
  row.items.forEach(({ sku, quantity, unit_price_cents }, position) =>
    insertLine.run(row.id, position, sku, quantity, unit_price_cents),
  );
});

export function find(id) {
  const row = byId.get(id);
  return row && { ...row, items: linesOf.all(id) };
}

export const insert = (row) => place.immediate(row);
