// Every kind of request that clients send, over and over.
import { randomUUIDv7 } from "bun";
import {
  rawClient,
  type RawClient,
  type RawClientRequest,
  type TextResponse,
} from "../support/raw-client.ts";
import { openConnection } from "../support/raw-connection.ts";

const json = { "content-type": "application/json" };

function idIn({ body }: TextResponse): string {
  return (JSON.parse(body) as { id: string }).id;
}

/** Sends a request. Throws if the response has another status. */
type Ask = (expected: number, ...request: RawClientRequest) => Promise<TextResponse>;

function asking(client: RawClient, count: () => void): Ask {
  return async (expected, ...request) => {
    count();
    const response = await client.send(...request);
    if (response.status === expected) return response;
    const [method, path] = request;
    throw new Error(`${method} ${path} got ${response.status}: ${response.body}`);
  };
}

/** Makes a caller with connections of its own, by the services' ports. */
export function mixedCaller(ports: { users: number; orders: number }) {
  const [users, orders] = [rawClient(ports.users), rawClient(ports.orders)];
  let sent = 0;
  const count = () => void (sent += 1);
  const [askUsers, askOrders] = [asking(users, count), asking(orders, count)];

  return {
    /** Sends every kind of request to both services once. @returns how many requests it sent */
    async round() {
      sent = 0;
      const id = await userLife(askUsers);
      const orderId = await orderLife(askOrders, id);
      await invalidRequests(askUsers, "/users", id);
      await invalidRequests(askOrders, "/orders", orderId);
      await askUsers(204, "DELETE", `/users/${id}`);
      await askUsers(404, "GET", `/users/${id}`);
      const order = JSON.stringify(orderOf(id));
      await askOrders(400, "POST", "/orders", { ...json, "idempotency-key": id }, order);
      await leaveEarly(ports.users, "/users");
      await leaveEarly(ports.orders, "/orders");
      return sent;
    },
    [Symbol.dispose]() {
      users[Symbol.dispose]();
      orders[Symbol.dispose]();
    },
  };
}

/** An order of one article. */
export function orderOf(userId: string, quantity = 1) {
  return { user_id: userId, items: [{ sku: "ARTICLE", quantity, unit_price: 19.99 }] };
}

/** Creates, reads and changes a user. @returns its id */
async function userLife(ask: Ask): Promise<string> {
  const name = randomUUIDv7();
  const email = `${name}@example.com`;
  const user = JSON.stringify({ name, email });
  const key = { ...json, "idempotency-key": name };
  const created = await ask(201, "POST", "/users", key, user);
  const path = `/users/${idIn(created)}`;
  await ask(201, "POST", "/users", key, user);
  await ask(422, "POST", "/users", key, JSON.stringify({ name: "Another", email }));
  const etag = created.headers.get("etag") ?? "";
  await ask(200, "GET", path);
  await ask(304, "GET", path, { "if-none-match": etag });
  await ask(200, "HEAD", path);
  await ask(200, "GET", "/users?limit=5");
  await ask(200, "GET", `/users?email=${email}`);
  await ask(409, "POST", "/users", json, user);
  await ask(200, "PATCH", path, { ...json, "if-match": etag }, `{"name":"Changed"}`);
  await ask(412, "PATCH", path, { ...json, "if-match": etag }, `{"name":"Lost"}`);
  return idIn(created);
}

/** Places, repeats, reads and changes an order. @returns its id */
async function orderLife(ask: Ask, userId: string): Promise<string> {
  const key = { ...json, "idempotency-key": randomUUIDv7() };
  const body = JSON.stringify(orderOf(userId));
  const placed = await ask(201, "POST", "/orders", key, body);
  const path = `/orders/${idIn(placed)}`;
  await ask(201, "POST", "/orders", key, body);
  await ask(422, "POST", "/orders", key, JSON.stringify(orderOf(userId, 2)));
  await ask(200, "GET", path);
  await ask(304, "GET", path, { "if-none-match": placed.headers.get("etag") ?? "" });
  await ask(200, "GET", `/orders?user_id=${userId}`);
  await ask(200, "PATCH", path, json, `{"status":"confirmed"}`);
  await ask(409, "PATCH", path, json, `{"status":"delivered"}`);
  await ask(412, "PATCH", path, { ...json, "if-match": `"old"` }, `{"status":"shipped"}`);
  return idIn(placed);
}

/** Sends requests that the service refuses, and a readiness probe. */
async function invalidRequests(ask: Ask, list: string, id: string): Promise<void> {
  await ask(400, "POST", list, json, `{"name":`);
  await ask(415, "POST", list, { "content-type": "text/plain" }, "text");
  await ask(422, "POST", list, json, "{}");
  await ask(422, "GET", `${list}?limit=0&after=x`);
  await ask(422, "GET", `${list}/${id}x`);
  await ask(404, "GET", `${list}/${randomUUIDv7()}`);
  await ask(404, "GET", `/${id}`);
  await ask(405, "DELETE", list);
  await ask(200, "GET", "/ready");
}

/** Closes connections in the middle of a body, and before a response has arrived. */
async function leaveEarly(port: number, list: string): Promise<void> {
  const post = `POST ${list} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
  const order = JSON.stringify(orderOf(randomUUIDv7()));
  for (const sent of [
    `${post}content-length: 10\r\n\r\n{`,
    `${post}content-length: ${order.length}\r\n\r\n${order}`,
    `GET ${list}?limit=5 HTTP/1.1\r\nhost: a\r\n\r\n`,
  ]) {
    using connection = await openConnection(port);
    await connection.write(sent);
  }
}
