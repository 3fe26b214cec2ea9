// Orders, as fast as Bun.serve, bun:sqlite and one fetch per order allow.
import { address, entityTag, groupCommit, openDatabase, timestamp } from "./common.ts";

type Row = {
  id: string;
  user_id: string;
  total_cents: number;
  status: string;
  created_at: number;
  updated_at: number;
};
type Line = { sku: string; quantity: number; unit_price_cents: number };
type NewOrder = {
  user_id: string;
  items: { sku: string; quantity: number; unit_price: number }[];
};

const userService = process.env["USER_SERVICE_URL"] ?? "";
const db = openDatabase();
const write = groupCommit(db);

const byId = db.prepare<Row, [string]>(`
  SELECT id, user_id, total_cents, status, created_at, updated_at
  FROM orders
  WHERE id = ?`);
// +?: with ORDER BY and a column equal to a bare parameter, SQLite plans the statement anew for each
// value, which takes longer than to run it.
const linesOf = db.prepare<Line, [string]>(`
  SELECT sku, quantity, unit_price_cents
  FROM order_items
  WHERE order_id = +?
  ORDER BY position`);
const insertOrder = db.prepare<unknown, [string, string, number, string, number, number]>(`
  INSERT INTO orders (id, user_id, total_cents, status, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?)`);
const insertLine = db.prepare<unknown, [string, number, string, number, number]>(`
  INSERT INTO order_items (order_id, position, sku, quantity, unit_price_cents)
  VALUES (?, ?, ?, ?, ?)`);

function toOrder(row: Row, lines: readonly Line[]) {
  return {
    id: row.id,
    user_id: row.user_id,
    items: lines.map(({ sku, quantity, unit_price_cents }) => ({
      sku,
      quantity,
      unit_price: unit_price_cents / 100,
    })),
    total_amount: row.total_cents / 100,
    status: row.status,
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

function find(id: string): Response {
  const row = byId.get(id);
  if (row === null) return new Response(null, { status: 404 });
  const headers = { etag: entityTag(row.updated_at) };
  return Response.json(toOrder(row, linesOf.all(id)), { headers });
}

async function place(request: Request): Promise<Response> {
  const { user_id, items } = (await request.json()) as NewOrder;
  const response = await fetch(`${userService}/users/${user_id}`);
  // Read to the end, so that Bun can reuse the connection.
  await response.arrayBuffer();
  if (response.status !== 200) {
    return new Response(null, { status: response.status === 404 ? 400 : 502 });
  }

  const lines = items.map(({ sku, quantity, unit_price }) => ({
    sku,
    quantity,
    unit_price_cents: Math.round(unit_price * 100),
  }));
  const total_cents = lines.reduce((sum, line) => sum + line.quantity * line.unit_price_cents, 0);
  const row = await write(() => {
    const now = Date.now();
    const id = Bun.randomUUIDv7("hex", now);
    insertOrder.run(id, user_id, total_cents, "pending", now, now);
    lines.forEach((line, position) =>
      insertLine.run(id, position, line.sku, line.quantity, line.unit_price_cents),
    );
    return { id, user_id, total_cents, status: "pending", created_at: now, updated_at: now };
  });
  return Response.json(toOrder(row, lines), {
    status: 201,
    headers: { location: `/orders/${row.id}`, etag: entityTag(row.updated_at) },
  });
}

Bun.serve({
  ...address,
  routes: {
    "/health": () => Response.json({ status: "ok" }),
    "/orders": { POST: place },
    "/orders/:id": { GET: ({ params }) => find(params.id) },
  },
});
