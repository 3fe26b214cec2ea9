// Users, as fast as Bun.serve and bun:sqlite allow.
import { address, entityTag, groupCommit, openDatabase, timestamp } from "./common.ts";

type Row = { id: string; name: string; email: string; created_at: number; updated_at: number };

const db = openDatabase();
const write = groupCommit(db);

const byId = db.prepare<Row, [string]>(`
  SELECT id, name, email, created_at, updated_at
  FROM users
  WHERE id = ?`);
const byName = db.prepare<Row, [string, string, number]>(`
  SELECT id, name, email, created_at, updated_at
  FROM users
  WHERE (name, id) > (?, ?)
  ORDER BY name, id
  LIMIT +?`);
const insert = db.prepare<unknown, [string, string, string, number, number]>(`
  INSERT INTO users (id, name, email, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?)`);
const update = db.prepare<unknown, [string, string, number, string]>(`
  UPDATE users
  SET name = ?, email = ?, updated_at = ?
  WHERE id = ?`);

function toUser({ id, name, email, created_at, updated_at }: Row) {
  return {
    id,
    name,
    email,
    created_at: timestamp(created_at),
    updated_at: timestamp(updated_at),
  };
}

function toResponse(row: Row): Response {
  return Response.json(toUser(row), { headers: { etag: entityTag(row.updated_at) } });
}

const notFound = () => new Response(null, { status: 404 });

function list(request: Request): Response {
  const { searchParams } = new URL(request.url);
  const limit = Number(searchParams.get("limit") ?? 100);
  const after = searchParams.get("after");
  const [name, id] = after === null ? ["", ""] : (JSON.parse(atob(after)) as [string, string]);
  const rows = byName.all(name, id, limit + 1);
  const users = rows.slice(0, limit).map(toUser);
  const last = rows.length > limit ? users.at(-1) : undefined;
  if (last === undefined) return Response.json(users);
  const cursor = encodeURIComponent(btoa(JSON.stringify([last.name, last.id])));
  const link = `</users?limit=${limit}&after=${cursor}>; rel="next"`;
  return Response.json(users, { headers: { link } });
}

async function create(request: Request): Promise<Response> {
  const { name, email } = (await request.json()) as Row;
  const row = await write(() => {
    const now = Date.now();
    const id = Bun.randomUUIDv7("hex", now);
    insert.run(id, name, email, now, now);
    return { id, name, email, created_at: now, updated_at: now };
  });
  return Response.json(toUser(row), {
    status: 201,
    headers: { location: `/users/${row.id}`, etag: entityTag(row.updated_at) },
  });
}

async function change(id: string, request: Request): Promise<Response> {
  const wanted = (await request.json()) as Partial<Row>;
  const changed = await write(() => {
    const row = byId.get(id);
    if (row === null) return undefined;
    const { name, email } = { ...row, ...wanted };
    const updated_at = Math.max(Date.now(), row.updated_at + 1);
    update.run(name, email, updated_at, id);
    return { ...row, name, email, updated_at };
  });
  return changed === undefined ? notFound() : toResponse(changed);
}

Bun.serve({
  ...address,
  routes: {
    "/health": () => Response.json({ status: "ok" }),
    "/users": { GET: list, POST: create },
    "/users/:id": {
      GET({ params }) {
        const row = byId.get(params.id);
        return row === null ? notFound() : toResponse(row);
      },
      PATCH: (request) => change(request.params.id, request),
    },
  },
});
