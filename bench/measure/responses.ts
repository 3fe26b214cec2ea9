// Whether peers give the same answers: the same status, JSON and fields of the header to the same
// requests. Whoever does not may not take part, for it could do less.
import { readFileSync } from "node:fs";
import type { ServiceName } from "../peers/peer.ts";
import { logOf } from "../tools/server.ts";
import { startSystem, type ReadyPeer, type System } from "../tools/system.ts";
import type { Bench } from "./bench.ts";

interface Question {
  readonly service: ServiceName;
  readonly method?: string;
  readonly path: string;
  readonly json?: unknown;
  /** It is refused for what only a checked schema tells. */
  readonly isInvalid?: boolean;
}

const seeded = (n: number) => `01900000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`;
const nobody = "01900000-0000-7000-9000-000000000000";
const items = [
  { sku: "KB-87", quantity: 2, unit_price: 19.99 },
  { sku: "MS-01", quantity: 1, unit_price: 5.5 },
];
const users = "user-service";
const orders = "order-service";

const questions: readonly Question[] = [
  { service: users, path: "/health" },
  { service: orders, path: "/health" },
  { service: users, path: `/users/${seeded(7)}` },
  { service: users, path: `/users/${nobody}` },
  { service: users, path: "/users?limit=100" },
  { service: users, path: "/users?limit=20" },
  { service: users, path: "/users", method: "POST", json: { name: "A", email: "a@example.com" } },
  { service: users, path: `/users/${seeded(8)}`, method: "PATCH", json: { name: "B" } },
  { service: users, path: `/users/${seeded(8)}` },
  { service: orders, path: `/orders/${seeded(9)}` },
  { service: orders, path: `/orders/${nobody}` },
  { service: orders, path: "/orders", method: "POST", json: { user_id: seeded(3), items } },
  { service: orders, path: "/orders", method: "POST", json: { user_id: nobody, items } },
  {
    service: users,
    path: "/users",
    method: "POST",
    json: { name: "", email: "a" },
    isInvalid: true,
  },
  {
    service: users,
    path: `/users/${seeded(8)}`,
    method: "PATCH",
    json: { name: "" },
    isInvalid: true,
  },
  {
    service: orders,
    path: "/orders",
    method: "POST",
    json: { user_id: seeded(3), items: [] },
    isInvalid: true,
  },
];

/** An answer without what differs from one to the next: ids, times, the tag made of them. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly location: string;
  readonly tag: string;
  readonly hasNext: boolean;
  readonly body: unknown;
}

/** Throws unless all peers answer as the first one does. */
export async function checkAnswers({ peers, seed, folder, placement }: Bench): Promise<void> {
  let wanted: Answer[] | undefined;
  for (const peer of peers) {
    await using system = await startSystem(peer, {
      seed,
      folder,
      services: [users, orders],
      pinned: placement.server,
      isLogKept: true,
    });
    const asked = questions.filter(({ isInvalid }) => !(isInvalid && peer.isBare));
    const answers: Answer[] = [];
    for (const [n, question] of asked.entries()) answers.push(await ask(system, question, n));
    wanted ??= answers;
    for (const [n, question] of asked.entries()) {
      if (Bun.deepEquals(answers[n], wanted[n], true)) continue;
      throw new Error(
        `${peer.title} answers ${question.method ?? "GET"} ${question.path} with ` +
          `${JSON.stringify(answers[n])} instead of ${JSON.stringify(wanted[n])}`,
      );
    }
    if (!peer.isBare) await checkObserved(peer, system, asked);
  }
}

const requestId = (n: number) => `answer-${n}`;

async function ask(system: System, question: Question, n: number): Promise<Answer> {
  const { service, method = "GET", path, json } = question;
  const response = await fetch(system.urlOf(service) + path, {
    method,
    headers: {
      "x-request-id": requestId(n),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  const isShared = response.ok;
  if (!system.peer.isBare && response.headers.get("x-request-id") !== requestId(n)) {
    throw new Error(`${system.peer.title} does not keep X-Request-Id`);
  }
  // Errors are described by each in its own way.
  if (!isShared) {
    return { status: response.status, type: "", location: "", tag: "", hasNext: false, body: "" };
  }
  return describeAnswer(response, JSON.parse(text));
}

const isId = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const seededTime = "2024-";

function describeAnswer({ status, headers }: Response, body: unknown): Answer {
  const masked = mask(body);
  const location = headers.get("location") ?? "";
  const id = typeof body === "object" && body !== null && "id" in body ? String(body.id) : "none";
  return {
    status,
    type: (headers.get("content-type") ?? "").replace(/;.*/, ""),
    location: location.replace(id, "{id}"),
    tag: headers.get("etag") === tagOf(body) ? "of its last change" : (headers.get("etag") ?? ""),
    hasNext: headers.get("link")?.endsWith('rel="next"') === true,
    body: masked,
  };
}

function tagOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("updated_at" in body)) return undefined;
  return `"${Date.parse(String(body.updated_at)).toString(36)}"`;
}

/** The same with a word for each id and time that was made just now. */
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

/** Throws unless the peer counted the requests and logged each of them. */
async function checkObserved(
  { title }: ReadyPeer,
  system: System,
  asked: readonly Question[],
): Promise<void> {
  for (const service of [users, orders] as const) {
    const metrics = await fetch(`${system.urlOf(service)}/metrics`);
    if (!/^http_requests_total\{.*\} [1-9]/m.test(await metrics.text())) {
      throw new Error(`${title} does not count the requests to ${service}`);
    }
  }
  await system.servers.get(users)?.[Symbol.asyncDispose]();
  await system.servers.get(orders)?.[Symbol.asyncDispose]();
  for (const [n, { service, path }] of asked.entries()) {
    if (path === "/health") continue;
    const lines = readFileSync(logOf(system.folder, service), "utf8").trim().split("\n");
    const isLogged = lines.some((line) => {
      const entry = JSON.parse(line) as Record<string, unknown>;
      return entry["request_id"] === requestId(n) && typeof entry["status"] === "number";
    });
    if (!isLogged) throw new Error(`${title} does not log ${service} ${path}`);
  }
}
