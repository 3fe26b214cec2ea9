// Both services as targets of arbitrary requests. Every response is checked against the API document.
import { expect, test as bunTest } from "bun:test";
import type { OpenApiDocument } from "../../../shared/src/openapi/types.ts";
import { validatingFetch } from "../../../shared/testing/contract-check.ts";
import type { Running } from "../../../shared/testing/executable.ts";
import { problemViolations } from "../problem-rules.ts";
import { openConnection } from "../raw-connection.ts";
import { getting, requestBytes, type RawRequest } from "../raw-request.ts";
import type { RawResponse } from "../raw-response.ts";
import { startPlatform } from "./services.ts";

/** A service that a test sends requests to. */
export interface Target {
  readonly running: Running;
  readonly document: OpenApiDocument;
  /**
   * Sends a request on a connection of its own.
   *
   * @throws Error if the response is a 5xx, incomplete or undocumented, if an error response is not
   * a correct problem document, or if the connection serves no further request
   */
  send(request: RawRequest): Promise<RawResponse>;
}

async function exchange(port: number, request: RawRequest): Promise<RawResponse> {
  using connection = await openConnection(port);
  await connection.write(requestBytes(request));
  const response = await connection.response(request.method);
  if (response.headers.get("connection") === "close") return response;
  await connection.write(requestBytes(getting("/health")));
  const { status, body } = await connection.response();
  if (status === 200 && body.toString() === '{"status":"ok"}') return response;
  throw new Error(`The next request on the connection gets ${status} ${body.toString()}`);
}

/** The response in fetch's form. */
function toResponse({ status, headers, body }: RawResponse): Response {
  return new Response(body.length > 0 ? new Uint8Array(body) : null, { status, headers });
}

async function createTarget(running: Running): Promise<Target> {
  const document = (await (await running.fetch("/swagger/json")).json()) as OpenApiDocument;
  return {
    running,
    document,
    async send(request) {
      const response = await exchange(running.port, request);
      // The URL decides which operation of the document the response belongs to.
      const { target, method } = request;
      const sent = new Request(target.startsWith("/") ? running.url + target : target, { method });
      await validatingFetch(() => toResponse(response), document)(sent);
      const violations = method === "HEAD" ? [] : problemViolations(response);
      if (response.status >= 500) violations.push("It is a server error");
      if (violations.length === 0) return response;
      throw new Error([...violations, `${response.status} ${response.body.toString()}`].join("\n"));
    },
  };
}

/** Resolves when the test has read everything that the service has logged so far. */
async function logIsRead({ fetch, lines }: Running): Promise<void> {
  const id = crypto.randomUUID();
  await fetch("/nowhere", { headers: { "x-request-id": id } });
  while (!lines.some((line) => line["request_id"] === id)) await Bun.sleep(1);
}

/** Checks that a service is still the same process, serves requests and has logged no error. */
async function expectUnharmed(running: Running): Promise<void> {
  process.kill(running.pid, 0);
  expect((await running.fetch("/health")).status).toBe(200);
  expect((await running.fetch("/ready")).status).toBe(200);
  await logIsRead(running);
  const errors = running.lines.filter(({ level }) => level === "error" || level === "fatal");
  expect(errors).toEqual([]);
}

/** Runs a test on fresh databases, then checks that it harmed neither service. */
async function withServices(run: (users: Target, orders: Target) => Promise<void>): Promise<void> {
  await using platform = await startPlatform();
  await run(await createTarget(platform.users), await createTarget(platform.orders));
  await expectUnharmed(platform.users);
  await expectUnharmed(platform.orders);
}

/** bun:test's `test` for tests that get both services, on fresh databases: after the values of a row. */
export const test = Object.assign(
  (name: string, run: (users: Target, orders: Target) => Promise<void>) =>
    bunTest(name, () => withServices(run)),
  {
    each:
      <Row extends readonly [unknown, ...unknown[]]>(rows: readonly Row[]) =>
      (name: string, run: (...args: [...Row, users: Target, orders: Target]) => Promise<void>) =>
        bunTest.each<readonly unknown[]>(rows)(name, (...row) =>
          // bun:test passes the values of a row as they stand in it.
          withServices((users, orders) => run(...(row as unknown as Row), users, orders)),
        ),
  },
);
