// Orders, as fast as Bun.serve, Bun.SQL and one fetch per order allow.
import { address, entityTag, timestamp } from "./common.ts";
import { inBatches, sql } from "./postgres.ts";

type Line = { sku: string; quantity: number; unit_price_cents: number };
type Row = {
  id: string;
  user_id: string;
  items: Line[];
  total_cents: number;
  status: string;
  created_at: number;
  updated_at: number;
};
type NewOrder = {
  user_id: string;
  items: { sku: string; quantity: number; unit_price: number }[];
};

const userService = process.env["USER_SERVICE_URL"] ?? "";

const insert = inBatches<Row>(
  (rows) => sql`
    INSERT INTO orders (
      id, user_id, items, item_count, total_cents, status, created_at, updated_at)
    SELECT id, user_id, items, jsonb_array_length(items), total_cents, status, created_at, updated_at
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) AS new (
      id uuid, user_id uuid, items jsonb, total_cents bigint, status text,
      created_at bigint, updated_at bigint)`,
);

function toOrder(row: Row) {
  return {
    id: row.id,
    user_id: row.user_id,
    items: row.items.map(({ sku, quantity, unit_price_cents }) => ({
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

async function find(id: string): Promise<Response> {
  const [row] = await sql<Row[]>`
    SELECT id, user_id, items, total_cents::float8, status, created_at::float8, updated_at::float8
    FROM orders
    WHERE id = ${id}`;
  if (row === undefined) return new Response(null, { status: 404 });
  return Response.json(toOrder(row), { headers: { etag: entityTag(row.updated_at) } });
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
  const now = Date.now();
  const row = {
    id: Bun.randomUUIDv7("hex", now),
    user_id,
    items: lines,
    total_cents: lines.reduce((sum, line) => sum + line.quantity * line.unit_price_cents, 0),
    status: "pending",
    created_at: now,
    updated_at: now,
  };
  await insert(row);
  return Response.json(toOrder(row), {
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
