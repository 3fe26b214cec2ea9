import { Pool } from "undici";
import { v7 as uuid } from "uuid";
import { createServer, entityTag, isOnPostgres, listen, oneById, timestamp } from "./common.js";

const users = new Pool(process.env.USER_SERVICE_URL, { headersTimeout: 30_000 });
const orders = isOnPostgres
  ? await import("./orders-postgres.js")
  : await import("./orders-sqlite.js");

function toOrder(row) {
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

const uuidText = { type: "string", format: "uuid" };
const item = {
  type: "object",
  properties: {
    sku: { type: "string", minLength: 1, maxLength: 50 },
    quantity: { type: "integer", minimum: 1, maximum: 1000 },
    unit_price: { type: "number", minimum: 0.01, maximum: 1_000_000 },
  },
  required: ["sku", "quantity", "unit_price"],
};
const items = { type: "array", items: item, minItems: 1, maxItems: 100 };
const order = {
  type: "object",
  properties: {
    id: uuidText,
    user_id: uuidText,
    items,
    total_amount: { type: "number" },
    status: { type: "string" },
    created_at: { type: "string" },
    updated_at: { type: "string" },
  },
};
const newOrder = {
  type: "object",
  properties: { user_id: uuidText, items },
  required: ["user_id", "items"],
};

const app = createServer("order-service");

/** The status of user-service's response for a user. */
async function requestUser(id, requestId) {
  const { statusCode, body } = await users.request({
    method: "GET",
    path: `/users/${id}`,
    headers: { "x-request-id": requestId },
  });
  await body.json();
  return statusCode;
}

app.get(
  "/orders/:id",
  { schema: { params: oneById, response: { 200: order } } },
  async (request, reply) => {
    const row = await orders.find(request.params.id);
    if (row === undefined) return reply.code(404).send({ status: 404, detail: "Order not found" });
    reply.header("etag", entityTag(row.updated_at));
    return toOrder(row);
  },
);

app.post(
  "/orders",
  { schema: { body: newOrder, response: { 201: order } } },
  async (request, reply) => {
    const { user_id, items } = request.body;
    const status = await requestUser(user_id, request.id);
    if (status === 404) {
      return reply.code(400).send({ status: 400, detail: "User does not exist" });
    }
    if (status !== 200) {
      return reply.code(502).send({ status: 502, detail: "Failed to validate user" });
    }
    const lines = items.map(({ sku, quantity, unit_price }) => ({
      sku,
      quantity,
      unit_price_cents: Math.round(unit_price * 100),
    }));
    const now = Date.now();
    const row = {
      id: uuid(),
      user_id,
      items: lines,
      total_cents: lines.reduce((sum, line) => sum + line.quantity * line.unit_price_cents, 0),
      status: "pending",
      created_at: now,
      updated_at: now,
    };
    await orders.insert(row);
    reply.code(201);
    reply.header("location", `/orders/${row.id}`);
    reply.header("etag", entityTag(now));
    return toOrder(row);
  },
);

await listen(app);
