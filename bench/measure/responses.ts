// Checks that all peers give the same status, JSON and header fields to the same requests: a peer that
// did less work would not be comparable.
import { readFileSync } from "node:fs";
import { seedIdPrefix } from "../engines/seed-ids.ts";
import { serviceNames, type ServiceName } from "../peers/peer.ts";
import { logOf } from "../tools/server.ts";
import { startSystem, type System } from "../tools/system.ts";
import type { Bench } from "./bench.ts";

interface Probe {
  readonly service: ServiceName;
  readonly method?: string;
  readonly path: string;
  readonly json?: unknown;
}

const seeded = (n: number) => `${seedIdPrefix}${n.toString(16).padStart(12, "0")}`;
const unknownId = "01900000-0000-7000-9000-000000000000";
const items = [
  { sku: "KB-87", quantity: 2, unit_price: 19.99 },
  { sku: "MS-01", quantity: 1, unit_price: 5.5 },
];
const users = "user-service";
const orders = "order-service";

const probes: readonly Probe[] = [
  { service: users, path: "/health" },
  { service: orders, path: "/health" },
  { service: users, path: `/users/${seeded(7)}` },
  { service: users, path: `/users/${unknownId}` },
  { service: users, path: "/users?limit=100" },
  { service: users, path: "/users?limit=20" },
  { service: users, path: "/users", method: "POST", json: { name: "A", email: "a@example.com" } },
  { service: users, path: `/users/${seeded(8)}`, method: "PATCH", json: { name: "B" } },
  { service: users, path: `/users/${seeded(8)}` },
  { service: orders, path: `/orders/${seeded(9)}` },
  { service: orders, path: `/orders/${unknownId}` },
  { service: orders, path: "/orders", method: "POST", json: { user_id: seeded(3), items } },
  { service: orders, path: "/orders", method: "POST", json: { user_id: unknownId, items } },
];

/** Only a peer that validates against a schema refuses these. */
const invalidProbes: readonly Probe[] = [
  { service: users, path: "/users", method: "POST", json: { name: "", email: "a" } },
  { service: users, path: `/users/${seeded(8)}`, method: "PATCH", json: { name: "" } },
  { service: orders, path: "/orders", method: "POST", json: { user_id: seeded(3), items: [] } },
];

/** @throws Error if a peer's responses differ from those of the first peer */
export async function checkResponses({ peers, seed, folder, placement }: Bench): Promise<void> {
  let wanted: object[] | undefined;
  for (const peer of peers) {
    await using system = await startSystem(peer, {
      seed,
      folder,
      services: serviceNames,
      pinned: placement.server,
      isLogKept: true,
    });
    const sent = peer.isBare ? probes : [...probes, ...invalidProbes];
    const responses: object[] = [];
    for (const [n, probe] of sent.entries()) responses.push(await send(system, probe, n));
    wanted ??= responses;
    for (const [n, { method = "GET", path }] of sent.entries()) {
      if (Bun.deepEquals(responses[n], wanted[n], true)) continue;
      throw new Error(
        `Expected ${JSON.stringify(wanted[n])} from ${peer.title} for ${method} ${path}, ` +
          `found ${JSON.stringify(responses[n])}`,
      );
    }
    if (!peer.isBare) await checkObserved(system, sent);
  }
}

const requestId = (n: number) => `probe-${n}`;

/** Sends a request. @returns the response without the parts that differ between two runs or peers */
async function send(system: System, probe: Probe, n: number): Promise<object> {
  const { service, method = "GET", path, json } = probe;
  const response = await fetch(system.urlOf(service) + path, {
    method,
    headers: { "x-request-id": requestId(n), "content-type": "application/json" },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  if (!system.peer.isBare && response.headers.get("x-request-id") !== requestId(n)) {
    throw new Error(`${system.peer.title} does not keep X-Request-Id`);
  }
  // Each peer has its own format of errors.
  return response.ok ? masked(response, JSON.parse(text)) : { status: response.status };
}

const isId = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const seededTime = "2024-";

/** A response without its new ids and times, and the tag made of them. */
function masked({ status, headers }: Response, body: unknown): object {
  const location = headers.get("location") ?? "";
  const id = typeof body === "object" && body !== null && "id" in body ? String(body.id) : "none";
  return {
    status,
    type: (headers.get("content-type") ?? "").replace(/;.*/, ""),
    location: location.replace(id, "{id}"),
    tag: headers.get("etag") === tagOf(body) ? "of its last change" : (headers.get("etag") ?? ""),
    hasNext: headers.get("link")?.endsWith('rel="next"') === true,
    body: mask(body),
  };
}

function tagOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("updated_at" in body)) return undefined;
  return `"${Date.parse(String(body.updated_at)).toString(36)}"`;
}

/** Replaces each id and time that this run made by a word; those of the seed stay. */
export function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mask(inner)]));
  }
  if (typeof value !== "string") return value;
  if (isTime.test(value)) return value.startsWith(seededTime) ? value : "a time";
  if (isId.test(value)) return value.startsWith("01900000-") ? value : "an id";
  return value;
}

/** @throws Error unless the peer counted the requests and logged each of them */
async function checkObserved(system: System, sent: readonly Probe[]): Promise<void> {
  const { title } = system.peer;
  for (const service of serviceNames) {
    const metrics = await fetch(`${system.urlOf(service)}/metrics`);
    if (!/^http_requests_total\{.*\} [1-9]/m.test(await metrics.text())) {
      throw new Error(`${title} does not count the requests to ${service}`);
    }
  }
  for (const server of system.servers.values()) await server[Symbol.asyncDispose]();
  for (const [n, { service, path }] of sent.entries()) {
    if (path === "/health") continue;
    const lines = readFileSync(logOf(system.folder, service), "utf8").trim().split("\n");
    const isLogged = lines.some((line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      return entry["request_id"] === requestId(n) && typeof entry["status"] === "number";
    });
    if (!isLogged) throw new Error(`${title} does not log ${service} ${path}`);
  }
}
