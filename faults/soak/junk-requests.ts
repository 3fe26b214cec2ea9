// Nonsensical requests, no two of them alike.
import { randomUUIDv7 } from "bun";
import type { RawClient, RawClientRequest as Request } from "../support/raw-client.ts";
import { ConnectionClosed } from "../support/raw-connection.ts";

const json = { "content-type": "application/json" };
const hex = (n: number, length: number) => n.toString(16).padStart(length, "0");

/** For any service; `list` is the path of its collection. */
const forAny = [
  (n: number) => ["GET", `/junk-${n}/${n}`],
  (n: number, list: string) => [`JUNK${n}`, list],
  (_, list) => ["GET", `${list}/${randomUUIDv7()}`],
  (n, list) => ["GET", `${list}/junk-${n}`],
  (n, list) => ["GET", `${list}?after=${btoa(`junk ${n}`)}`],
  (n, list) => ["GET", `${list}?limit=1&junk-${n}=${n}`],
  (n, list) => ["GET", `${list}?limit=1&created_after=${new Date(n).toISOString()}`],
  (n) => ["GET", `/${n}`, { "x-request-id": `junk-${n}` }],
  (n) => ["GET", `/${n}`, { "x-request-id": `junk ${n}` }],
  (n) => [
    "GET",
    `/${n}`,
    { traceparent: `00-${hex(n, 31)}1-${hex(n, 15)}1-01`, tracestate: `a=${n}` },
  ],
  (n) => ["GET", `/${n}`, { traceparent: `junk-${n}`, [`junk-${n}`]: "1" }],
  (n, list) => [
    "GET",
    `${list}?limit=1`,
    { "if-none-match": `"junk-${n}"`, cookie: `junk-${n}=${n}` },
  ],
  (n, list) => ["PATCH", `${list}/${randomUUIDv7()}`, { ...json, "if-match": `"junk-${n}"` }, "{}"],
  (n, list) => ["PATCH", `${list}/${randomUUIDv7()}`, { ...json, "if-match": `junk-${n}` }, "{}"],
  (n, list) => ["POST", list, { "content-type": `application/junk-${n}` }, "{}"],
  (n, list) => ["POST", list, json, `{"junk-${n}":"junk-${n}"}`],
  (n, list) => ["POST", list, json, `{"name":"junk-${n}"`],
] satisfies ((n: number, list: string) => Request)[];

const forUsers = [
  (n: number) => ["GET", `/users?email=junk-${n}@example.com`],
  (n) => ["GET", `/users?email=junk-${n}`],
] satisfies ((n: number) => Request)[];

function junkOrder(): string {
  const item = { sku: "ARTICLE", quantity: 1, unit_price: 1 };
  return JSON.stringify({ user_id: randomUUIDv7(), items: [item] });
}

const forOrders = [
  (n: number) => ["POST", "/orders", { ...json, "idempotency-key": `junk-${n}` }, junkOrder()],
  (n) => ["POST", "/orders", { ...json, "idempotency-key": `junk ${n}` }, junkOrder()],
  () => ["GET", `/orders?user_id=${randomUUIDv7()}`],
  (n) => ["GET", `/orders?status=junk-${n}`],
] satisfies ((n: number) => Request)[];

/** The n-th junk request for the service with this collection. */
export function junkRequest(n: number, list: "/users" | "/orders"): Request {
  const all = [...forAny, ...(list === "/users" ? forUsers : forOrders)];
  return all[n % all.length]?.(n, list) ?? ["GET", "/"];
}

/** Expects a response below 500; Bun's server closes the connection on an unknown method. */
export async function sendJunk(client: RawClient, request: Request): Promise<void> {
  try {
    const { status } = await client.send(...request);
    if (status >= 500) throw new Error(`${request[0]} ${request[1]} got ${status}`);
  } catch (error) {
    if (!(error instanceof ConnectionClosed && request[0].startsWith("JUNK"))) throw error;
  }
}
