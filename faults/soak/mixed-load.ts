// A bit of everything that clients do, again and again.
import { randomUUIDv7 } from "bun";
import {
  rawClient,
  type RawClient,
  type RawClientRequest,
  type TextResponse,
} from "../support/raw-client.ts";
import { openConnection } from "../support/raw-connection.ts";

/** The ports of both services. */
export interface Ports {
  readonly users: number;
  readonly orders: number;
}

/** A caller that goes through everything that can be asked of both services. */
export interface MixedCaller extends Disposable {
  /** Goes through it once. @returns how many requests that took */
  round(): Promise<number>;
}

const json = { "content-type": "application/json" };

function idIn({ body }: TextResponse): string {
  return (JSON.parse(body) as { id: string }).id;
}

/** Throws if the answer has another status than expected. */
type Ask = (expected: number, ...request: RawClientRequest) => Promise<TextResponse>;

function asking(client: RawClient, count: () => void): Ask {
  return async (expected, ...request) => {
    count();
    const answer = await client.send(...request);
    if (answer.status === expected) return answer;
    const [method, path] = request;
    throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body}`);
  };
}

/** Makes a caller with connections of its own. */
export function mixedCaller(ports: Ports): MixedCaller {
  const [users, orders] = [rawClient(ports.users), rawClient(ports.orders)];
  let sent = 0;
  const count = () => void (sent += 1);
  const [askUsers, askOrders] = [asking(users, count), asking(orders, count)];

  return {
    async round() {
      sent = 0;
      const id = await liveOfUser(askUsers);
      const orderId = await liveOfOrder(askOrders, id);
      await faults(askUsers, "/users", id);
      await faults(askOrders, "/orders", orderId);
      await askUsers(204, "DELETE", `/users/${id}`);
      await askUsers(404, "GET", `/users/${id}`);
      const order = JSON.stringify(orderOf(id));
      await askOrders(400, "POST", "/orders", { ...json, "idempotency-key": id }, order);
      await comeAndGo(ports.users, "/users");
      await comeAndGo(ports.orders, "/orders");
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

/** A user is made, found, changed. */
async function liveOfUser(ask: Ask): Promise<string> {
  const name = randomUUIDv7();
  const email = `${name}@example.com`;
  const user = JSON.stringify({ name, email });
  const created = await ask(201, "POST", "/users", json, user);
  const path = `/users/${idIn(created)}`;
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

/** An order is placed for a user, repeated, moved on. */
async function liveOfOrder(ask: Ask, userId: string): Promise<string> {
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

/** What is refused. */
async function faults(ask: Ask, list: string, id: string): Promise<void> {
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

/** Clients that leave: in the middle of their body, and without waiting for their answer. */
async function comeAndGo(port: number, list: string): Promise<void> {
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
