// Users in SQLite.
import { db } from "./sqlite.js";

const columns = "id, name, email, created_at, updated_at";
const byId = db.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
const byName = db.prepare(`
  SELECT ${columns}
  FROM users
  WHERE (name, id) > (?, ?)
  ORDER BY name, id
  LIMIT ?`);
const insertUser = db.prepare(`
  INSERT INTO users (${columns})
  VALUES (@id, @name, @email, @created_at, @updated_at)`);
const update = db.prepare(`
  UPDATE users
  SET name = @name, email = @email, updated_at = @updated_at
  WHERE id = @id`);
const changeInTransaction = db.transaction((id, wanted) => {
  const row = byId.get(id);
  if (row === undefined) return undefined;
  const updated_at = Math.max(Date.now(), row.updated_at + 1);
  const changed = { ...row, ...wanted, updated_at };
  update.run(changed);
  return changed;
});

export const find = (id) => byId.get(id);
export const list = ([name, id] = ["", ""], limit) => byName.all(name, id, limit);
export const insert = (row) => insertUser.run(row);
export const change = (id, wanted) => changeInTransaction.immediate(id, wanted);
export const isTaken = (error) => error.code === "SQLITE_CONSTRAINT_UNIQUE";
