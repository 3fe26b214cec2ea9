// Orders in PostgreSQL.
import { pool } from "./postgres.js";

const byId = {
  name: "order-by-id",
  text: `
    SELECT id, user_id, items, total_cents, status, created_at, updated_at
    FROM orders
    WHERE id = $1`,
};
const insertOrder = {
  name: "insert-order",
  text: `
    INSERT INTO orders (
      id, user_id, items, item_count, total_cents, status, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

export async function find(id) {
  const { rows } = await pool.query({ ...byId, values: [id] });
  return rows[0];
}

export async function insert({ id, user_id, items, total_cents, status, created_at, updated_at }) {
  const values = [
    id,
    user_id,
    JSON.stringify(items),
    items.length,
    total_cents,
    status,
    created_at,
    updated_at,
  ];
  await pool.query({ ...insertOrder, values });
}
