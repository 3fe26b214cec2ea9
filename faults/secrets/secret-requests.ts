// Requests for every route of both services, full of secrets.
import { randomUUIDv7 } from "bun";
import { secret } from "./secret-words.ts";
import type { Ask } from "./watched-service.ts";

const json = { "content-type": "application/json" };
const address = `${secret("address")}@example.com`;
const unknown = { password: secret("unknown"), [secret("unknown")]: 1 };
const tooLong = secret("long").repeat(50);
const malformed = { "if-match": secret("precondition") };

/** The `MAX_BODY_BYTES` of the services. */
export const maxBodyBytes = "2000";

/** A user full of secrets. */
export const secretUser = JSON.stringify({ name: secret("name"), email: address, ...unknown });

/** An order full of secrets. */
export function secretOrder(userId: string, sku: unknown = secret("article")): string {
  const item = { sku, quantity: 1, unit_price: 19.99, ...unknown };
  return JSON.stringify({ user_id: userId, items: [item], ...unknown });
}

/** Creates a user. @returns its path */
export async function createSecretUser(ask: Ask): Promise<string> {
  // After a user was deleted, its key creates no other.
  const key = { ...json, "idempotency-key": `${secret("key")}-${randomUUIDv7()}` };
  const created = await ask(201, ["POST", "/users", key, secretUser], ["name", "address"]);
  await ask(201, ["POST", "/users", key, secretUser], ["name", "address"]);
  await ask(422, ["POST", "/users", key, `{"name":"${secret("body")}","email":"x@example.com"}`]);
  return created.headers.get("location") ?? "";
}

/** Places an order. @returns its path */
export async function placeSecretOrder(ask: Ask, userId: string): Promise<string> {
  const key = { ...json, "idempotency-key": secret("key") };
  const placed = await ask(201, ["POST", "/orders", key, secretOrder(userId)], ["article"]);
  await ask(201, ["POST", "/orders", key, secretOrder(userId)], ["article"]);
  await ask(422, ["POST", "/orders", key, secretOrder(userId, "another")]);
  return placed.headers.get("location") ?? "";
}

/** Sends invalid requests that both services refuse. */
async function askInvalidly(ask: Ask, list: string): Promise<void> {
  const one = `${list}/${randomUUIDv7()}`;
  await ask(400, ["POST", list, json, `{"name": ${secret("body")}}`]);
  await ask(400, ["POST", list, json, secret("body")]);
  await ask(400, ["POST", list, json, "[".repeat(600) + secret("body")]);
  await ask(413, ["POST", list, json, secret("body").repeat(Number(maxBodyBytes))]);
  await ask(415, ["POST", list, { "content-type": secret("body") }, secret("body")]);
  await ask(415, ["POST", list, { ...json, "content-encoding": secret("body") }, "{}"]);
  await ask(422, ["POST", list, json, JSON.stringify({ ...unknown, name: tooLong })]);
  await ask(404, ["GET", one]);
  await ask(422, ["GET", `${list}/${address}`], ["address"]);
  await ask(422, ["GET", `${list}/${address.replace("@", "%40")}`], ["address"]);
  await ask(404, ["GET", `/nowhere/${address}/x`], ["address"]);
  await ask(405, ["DELETE", list]);
  await ask(405, ["PROPFIND", list]);
  await ask(422, ["GET", `${list}?limit=${secret("query")}`], ["query"]);
  await ask(422, ["GET", `${list}?after=${secret("query")}`], ["query"]);
  await ask(422, ["GET", `${list}?token=${secret("query")}`]);
  await ask(422, ["GET", `${list}?limit=1&limit=${secret("query")}`]);
  await ask(422, ["PATCH", one, { ...json, ...malformed }, "{}"], ["precondition"]);
}

/** Requests the management routes. */
async function askAsOperator(ask: Ask): Promise<void> {
  const paths = ["/health", "/ready", "/metrics", "/swagger", "/swagger/json"];
  for (const path of paths) await ask(200, ["GET", `${path}?token=${secret("query")}`]);
}

/** Requests every route of user-service, with valid and invalid requests. */
export async function askUsers(ask: Ask): Promise<void> {
  const path = await createSecretUser(ask);
  const own = ["name", "address"] as const;
  await ask(409, ["POST", "/users", json, secretUser]);
  await ask(200, ["GET", path, { "if-none-match": secret("precondition") }], own);
  await ask(200, ["GET", `/users?email=${address}`], own);
  await ask(412, ["PATCH", path, { ...json, "if-match": `"${secret("precondition")}"` }, "{}"]);
  await ask(200, ["PUT", path, json, secretUser], own);
  const wrong = JSON.stringify({ name: 5, email: secret("address"), ...unknown });
  await ask(422, ["POST", "/users", json, wrong], ["address"]);
  await ask(422, ["PATCH", path, json, JSON.stringify({ email: `${tooLong}@example.com` })]);
  await askInvalidly(ask, "/users");
  await askAsOperator(ask);
  await ask(204, ["DELETE", path]);
  await ask(404, ["DELETE", path]);
}

/** Requests every route of order-service, for an existing user. */
export async function askOrders(ask: Ask, userId: string): Promise<void> {
  const path = await placeSecretOrder(ask, userId);
  const order = secretOrder(userId);
  await ask(400, ["POST", "/orders", json, secretOrder(randomUUIDv7())]);
  const twoWords = { ...json, "idempotency-key": `${secret("key")} ${secret("key")}` };
  await ask(400, ["POST", "/orders", twoWords, order]);
  await ask(200, ["GET", path, { "if-none-match": secret("precondition") }], ["article"]);
  await ask(200, ["GET", `/orders?user_id=${userId}`], ["article"]);
  await ask(422, ["GET", `/orders?status=${secret("query")}`], ["query"]);
  const old = { ...json, "if-match": `"${secret("precondition")}"` };
  await ask(412, ["PATCH", path, old, `{"status":"confirmed"}`]);
  await ask(409, ["PATCH", path, json, `{"status":"delivered"}`]);
  await ask(422, ["PATCH", path, json, `{"status":"${secret("body")}"}`], ["body"]);
  await ask(422, ["POST", "/orders", json, secretOrder(secret("body"), 5)], ["body"]);
  await ask(422, ["POST", "/orders", json, secretOrder(userId, tooLong)]);
  await askInvalidly(ask, "/orders");
  await askAsOperator(ask);
}
