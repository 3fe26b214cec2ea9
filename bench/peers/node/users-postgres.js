// Users in PostgreSQL.
import { pool } from "./postgres.js";

const columns = "id, name, email, created_at, updated_at";
const byId = { name: "user-by-id", text: `SELECT ${columns} FROM users WHERE id = $1` };
const firstByName = {
  name: "first-users-by-name",
  text: `SELECT ${columns} FROM users ORDER BY name, id LIMIT $1`,
};
const byName = {
  name: "users-by-name",
  text: `SELECT ${columns} FROM users WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3`,
};
const insertUser = {
  name: "insert-user",
  text: `INSERT INTO users (${columns}) VALUES ($1, $2, $3, $4, $5)`,
};
// One statement, so that no transaction stays open between round trips.
const update = {
  name: "update-user",
  text: `
    UPDATE users
    SET name = COALESCE($2, name), email = COALESCE($3, email),
      updated_at = GREATEST($4, updated_at + 1)
    WHERE id = $1
    RETURNING ${columns}`,
};

export async function find(id) {
  const { rows } = await pool.query({ ...byId, values: [id] });
  return rows[0];
}

export async function list(after, limit) {
  const { rows } = await pool.query(
    after === undefined
      ? { ...firstByName, values: [limit] }
      : { ...byName, values: [...after, limit] },
  );
  return rows;
}

export async function insert({ id, name, email, created_at, updated_at }) {
  await pool.query({ ...insertUser, values: [id, name, email, created_at, updated_at] });
}

export async function change(id, { name = null, email = null }) {
  const { rows } = await pool.query({ ...update, values: [id, name, email, Date.now()] });
  return rows[0];
}

export const isTaken = (error) => error.code === "23505";
