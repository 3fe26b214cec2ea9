import { v7 as uuid } from "uuid";
import { createServer, entityTag, isOnPostgres, listen, oneById, timestamp } from "./common.js";

const users = isOnPostgres
  ? await import("./users-postgres.js")
  : await import("./users-sqlite.js");

function toUser(row) {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    created_at: timestamp(row.created_at),
    updated_at: timestamp(row.updated_at),
  };
}

const taken = { status: 409, detail: "Email already registered" };
const unknown = { status: 404, detail: "User not found" };

const name = { type: "string", minLength: 1, maxLength: 100 };
const email = { type: "string", format: "email", maxLength: 254 };
const time = { type: "string" };
const user = {
  type: "object",
  properties: { id: { type: "string" }, name, email, created_at: time, updated_at: time },
};
const newUser = { type: "object", properties: { name, email }, required: ["name", "email"] };
const userChange = { type: "object", properties: { name, email } };
const page = {
  type: "object",
  properties: {
    limit: { type: "integer", minimum: 1, maximum: 1000, default: 100 },
    after: { type: "string" },
  },
};

const app = createServer("user-service");

app.get(
  "/users/:id",
  { schema: { params: oneById, response: { 200: user } } },
  async (request, reply) => {
    const row = await users.find(request.params.id);
    if (row === undefined) return reply.code(404).send(unknown);
    reply.header("etag", entityTag(row.updated_at));
    return toUser(row);
  },
);

app.get(
  "/users",
  { schema: { querystring: page, response: { 200: { type: "array", items: user } } } },
  async (request, reply) => {
    const { limit, after } = request.query;
    const position = after ? JSON.parse(Buffer.from(after, "base64url")) : undefined;
    const rows = await users.list(position, limit + 1);
    const found = rows.slice(0, limit).map(toUser);
    if (rows.length > limit) {
      const last = found.at(-1);
      const cursor = Buffer.from(JSON.stringify([last.name, last.id])).toString("base64url");
      reply.header("link", `</users?limit=${limit}&after=${cursor}>; rel="next"`);
    }
    return found;
  },
);

app.post(
  "/users",
  { schema: { body: newUser, response: { 201: user } } },
  async (request, reply) => {
    const now = Date.now();
    const { name, email } = request.body;
    const row = { id: uuid(), name, email, created_at: now, updated_at: now };
    try {
      await users.insert(row);
    } catch (error) {
      if (users.isTaken(error)) return reply.code(409).send(taken);
      throw error;
    }
    reply.code(201);
    reply.header("location", `/users/${row.id}`);
    reply.header("etag", entityTag(now));
    return toUser(row);
  },
);

app.patch(
  "/users/:id",
  { schema: { params: oneById, body: userChange, response: { 200: user } } },
  async (request, reply) => {
    const { name, email } = request.body;
    const wanted = { ...(name && { name }), ...(email && { email }) };
    try {
      const row = await users.change(request.params.id, wanted);
      if (row === undefined) return reply.code(404).send(unknown);
      reply.header("etag", entityTag(row.updated_at));
      return toUser(row);
    } catch (error) {
      if (users.isTaken(error)) return reply.code(409).send(taken);
      throw error;
    }
  },
);

await listen(app);
