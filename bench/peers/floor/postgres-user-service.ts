// Users, as fast as Bun.serve and Bun.SQL allow.
import { address, entityTag, timestamp } from "./common.ts";
import { inBatches, sql } from "./postgres.ts";

type Row = { id: string; name: string; email: string; created_at: number; updated_at: number };

const insert = inBatches<Row>(
  (rows) => sql`
    INSERT INTO users (id, name, email, created_at, updated_at)
    SELECT id, name, email, created_at, updated_at
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      AS new (id uuid, name text, email text, created_at bigint, updated_at bigint)`,
);

function toUser({ id, name, email, created_at, updated_at }: Row) {
  return {
    id,
    name,
    email,
    created_at: timestamp(created_at),
    updated_at: timestamp(updated_at),
  };
}

function toResponse(row: Row | undefined): Response {
  if (row === undefined) return new Response(null, { status: 404 });
  return Response.json(toUser(row), { headers: { etag: entityTag(row.updated_at) } });
}

async function find(id: string): Promise<Response> {
  const [row] = await sql<Row[]>`
    SELECT id, name, email, created_at::float8, updated_at::float8
    FROM users
    WHERE id = ${id}`;
  return toResponse(row);
}

async function list(request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const limit = Number(searchParams.get("limit") ?? 100);
  const after = searchParams.get("after");
  const [name, id] = after === null ? [] : (JSON.parse(atob(after)) as [string, string]);
  const rows = await (name === undefined
    ? sql<Row[]>`
        SELECT id, name, email, created_at::float8, updated_at::float8
        FROM users
        ORDER BY name, id
        LIMIT ${limit + 1}`
    : sql<Row[]>`
        SELECT id, name, email, created_at::float8, updated_at::float8
        FROM users
        WHERE (name, id) > (${name}, ${id})
        ORDER BY name, id
        LIMIT ${limit + 1}`);
  const users = rows.slice(0, limit).map(toUser);
  const last = rows.length > limit ? users.at(-1) : undefined;
  if (last === undefined) return Response.json(users);
  const cursor = encodeURIComponent(btoa(JSON.stringify([last.name, last.id])));
  const link = `</users?limit=${limit}&after=${cursor}>; rel="next"`;
  return Response.json(users, { headers: { link } });
}

async function create(request: Request): Promise<Response> {
  const { name, email } = (await request.json()) as Row;
  const now = Date.now();
  const row = { id: Bun.randomUUIDv7("hex", now), name, email, created_at: now, updated_at: now };
  await insert(row);
  return Response.json(toUser(row), {
    status: 201,
    headers: { location: `/users/${row.id}`, etag: entityTag(now) },
  });
}

async function change(id: string, request: Request): Promise<Response> {
  const { name = null, email = null } = (await request.json()) as Partial<Row>;
  const [row] = await sql<Row[]>`
    UPDATE users
    SET name = COALESCE(${name}, name), email = COALESCE(${email}, email),
      updated_at = GREATEST(${Date.now()}, updated_at + 1)
    WHERE id = ${id}
    RETURNING id, name, email, created_at::float8, updated_at::float8`;
  return toResponse(row);
}

Bun.serve({
  ...address,
  routes: {
    "/health": () => Response.json({ status: "ok" }),
    "/users": { GET: list, POST: create },
    "/users/:id": {
      GET: ({ params }) => find(params.id),
      PATCH: (request) => change(request.params.id, request),
    },
  },
});
