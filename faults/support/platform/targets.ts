// Both services under fire: whatever they are sent, what they answer is held against their documents.
import { expect } from "bun:test";
import { validatingFetch } from "../../../shared/testing/contract-check.ts";
import type { ServiceName, Running } from "../../../shared/testing/executable.ts";
import type { OpenApiDocument } from "../../../shared/src/openapi/types.ts";
import { startPlatform } from "./platform.ts";
import { problemFaults } from "../problem-rules.ts";
import type { RawResponse } from "../raw-response.ts";
import { openConnection } from "../raw-connection.ts";
import { requestBytes, type RawRequest } from "../raw-request.ts";

/** A service that is shot at. */
export interface Target {
  readonly name: ServiceName;
  readonly running: Running;
  readonly document: OpenApiDocument;
  /**
   * Sends a request on a connection of its own.
   *
   * @throws Error if the answer is a 5xx, is not whole or not as documented, if a refusal is no
   * proper problem, or if the connection is no good for another request
   */
  ask(request: RawRequest): Promise<RawResponse>;
}

/** Both of them. */
export interface Targets {
  readonly users: Target;
  readonly orders: Target;
}

const health: RawRequest = { method: "GET", target: "/health" };

async function exchange(port: number, request: RawRequest): Promise<RawResponse> {
  using connection = await openConnection(port);
  await connection.write(requestBytes(request));
  const answer = await connection.response(request.method);
  if (answer.headers.get("connection") === "close") return answer;
  await connection.write(requestBytes(health));
  const { status, body } = await connection.response();
  if (status === 200 && body.toString() === '{"status":"ok"}') return answer;
  throw new Error(`The connection is no good afterwards: it answers ${status} ${body.toString()}`);
}

/** The answer as fetch would give it. */
function toResponse({ status, headers, body }: RawResponse): Response {
  return new Response(body.length > 0 ? new Uint8Array(body) : null, { status, headers });
}

async function aimAt(name: ServiceName, running: Running): Promise<Target> {
  const document = (await (await running.fetch("/swagger/json")).json()) as OpenApiDocument;
  return {
    name,
    running,
    document,
    async ask(request) {
      const answer = await exchange(running.port, request);
      // The address says to which operation of the document the answer belongs.
      const { target, method } = request;
      const asked = new Request(target.startsWith("/") ? running.url + target : target, { method });
      await validatingFetch(() => toResponse(answer), document)(asked);
      const faults = method === "HEAD" ? [] : problemFaults(answer);
      if (answer.status >= 500) faults.push("It is the service's fault");
      if (faults.length === 0) return answer;
      throw new Error([...faults, `${answer.status} ${answer.body.toString()}`].join("\n"));
    },
  };
}

/** Resolves when everything that was logged until now has been read. */
async function logIsRead({ fetch, lines }: Running): Promise<void> {
  const id = crypto.randomUUID();
  await fetch("/nowhere", { headers: { "x-request-id": id } });
  while (!lines.some((line) => line["request_id"] === id)) await Bun.sleep(1);
}

/** Checks that a service is the same process as ever, serves, and has nothing to complain of. */
async function expectUnharmed(running: Running): Promise<void> {
  process.kill(running.pid, 0);
  expect((await running.fetch("/health")).status).toBe(200);
  expect((await running.fetch("/ready")).status).toBe(200);
  await logIsRead(running);
  const complaints = running.lines.filter(({ level }) => level === "error" || level === "fatal");
  expect(complaints).toEqual([]);
}

/** Shoots at both services on fresh databases, and then checks that neither was harmed. */
export async function underFire(attack: (targets: Targets) => Promise<void>): Promise<void> {
  await using platform = await startPlatform();
  const users = await aimAt("user-service", platform.users);
  const orders = await aimAt("order-service", platform.orders);
  await attack({ users, orders });
  await expectUnharmed(platform.users);
  await expectUnharmed(platform.orders);
}
