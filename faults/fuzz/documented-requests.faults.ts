// Requests generated from the API documents: valid ones, ones with a single error, and arbitrary ones.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { test, type Target } from "../support/platform/targets.ts";
import { placesOf, problemOf } from "../support/problem-rules.ts";
import { forAll } from "../support/property.ts";
import { amount } from "../support/scale.ts";
import { fixtures, type Fixture } from "./fixtures.ts";
import { withOneError } from "./invalid-requests.ts";
import { operationsOf, toRequest, type Operation, type Parts } from "./operations.ts";
import { presentTag, validParts } from "./valid-requests.ts";
import { wildRequest } from "./wild-requests.ts";

const numRuns = amount({ full: 500, fast: 40 });

/** Every operation of both services. */
function everyOperation(...targets: Target[]): { target: Target; operation: Operation }[] {
  return targets.flatMap((target) =>
    operationsOf(target.document).map((operation) => ({ target, operation })),
  );
}

/** The parts of a request for an existing resource. */
function forFixture({ id, tag, userId }: Fixture, { path }: Operation, parts: Parts): Parts {
  const headers = Object.entries(parts.headers).map(([name, value]) => [
    name,
    value.replaceAll(presentTag, tag),
  ]);
  const { body } = parts;
  const hasOwner =
    path === "/orders" && body !== null && typeof body === "object" && "user_id" in body;
  return {
    ...parts,
    ...(path.includes("{id}") ? { id } : {}),
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(hasOwner ? { body: { ...body, user_id: userId } } : {}),
  };
}

/** The status of a valid request. */
function expectedStatus({ method, path }: Operation, { body }: Parts): number {
  if (method === "DELETE") return 204;
  if (method === "POST") return 201;
  const status = body && typeof body === "object" && "status" in body && body["status"];
  const isStatusChange = method === "PATCH" && path === "/orders/{id}";
  // Every fixture is a new order, which is pending.
  return isStatusChange && (status === "shipped" || status === "delivered") ? 409 : 200;
}

test("every operation accepts whatever its document allows", async (users, orders) => {
  for (const { target, operation } of everyOperation(users, orders)) {
    const source = await fixtures(users, orders, operation);
    await forAll(validParts(operation, source.cursor), numRuns, async (parts) => {
      const sent = forFixture(await source.next(), operation, parts);
      const response = await target.send(toRequest(operation, sent));
      expect(response.status).toBe(expectedStatus(operation, sent));
      const id = sent.headers["X-Request-Id"];
      if (id !== undefined) expect(response.headers.get("x-request-id")).toBe(id);
    });
  }
});

test("every operation refuses a request with one error and names exactly that place", async (users, orders) => {
  for (const { target, operation } of everyOperation(users, orders)) {
    const source = await fixtures(users, orders, operation);
    const fixture = await source.next();
    const invalid = validParts(operation, source.cursor).chain((parts) => {
      const sent = forFixture(fixture, operation, parts);
      return withOneError(operation, sent) ?? fc.constant(undefined);
    });
    await forAll(invalid, numRuns * 2, async (request) => {
      if (!request) return;
      const response = await target.send(toRequest(operation, request.parts));
      expect(response.status).toBe(422);
      if (operation.method === "HEAD") return;
      expect(placesOf(response)).toEqual([request.place]);
      expect(problemOf(response).errors?.[0]?.detail).toMatch(/^(?:Must be|Is missing, must be) /);
    });
  }
});

test("every operation responds as documented to arbitrary requests", async (users, orders) => {
  for (const { target, operation } of everyOperation(users, orders)) {
    await forAll(wildRequest(operation), numRuns, async (request) => {
      await target.send(request);
    });
  }
});
