// Requests made from the services' own API documents: good ones, ones with a fault, and worse.
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { oneFault } from "./invalid-requests.ts";
import { operationsOf, writeOut, type Known, type Parts } from "./operations.ts";
import { placesOf, problemOf } from "../support/problem-rules.ts";
import { amount } from "../support/scale.ts";
import { subjects, type Subject } from "./fixtures.ts";
import { withTargets, type Target, type Targets } from "../support/platform/targets.ts";
import { presentTag, validParts } from "./valid-requests.ts";
import { wildRequest } from "./wild-requests.ts";

const numRuns = amount({ full: 500, fast: 40 });

/** Every operation of both services. */
function everyOperation({ users, orders }: Targets): { target: Target; known: Known }[] {
  return [users, orders].flatMap((target) =>
    operationsOf(target.document).map((known) => ({ target, known })),
  );
}

/** The parts of a request about something that there is. */
function about({ id, tag, userId }: Subject, { path }: Known, parts: Parts): Parts {
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

/** What a good request is answered with. */
function expectedStatus({ method, path }: Known, { body }: Parts): number {
  if (method === "DELETE") return 204;
  if (method === "POST") return 201;
  const status = body && typeof body === "object" && "status" in body && body["status"];
  const isMove = method === "PATCH" && path === "/orders/{id}";
  // Every subject is a new order, which is pending.
  return isMove && (status === "shipped" || status === "delivered") ? 409 : 200;
}

test("whatever the document allows is done", async () => {
  await withTargets(async (targets) => {
    for (const { target, known } of everyOperation(targets)) {
      const source = await subjects(targets, known);
      await forAll(validParts(known, source.cursor), numRuns, async (parts) => {
        const sent = about(await source.next(), known, parts);
        const response = await target.send(writeOut(known, sent));
        expect(response.status).toBe(expectedStatus(known, sent));
        const id = sent.headers["X-Request-Id"];
        if (id !== undefined) expect(response.headers.get("x-request-id")).toBe(id);
      });
    }
  });
});

test("a request with one fault is refused, by the name of what is wrong and nothing else", async () => {
  await withTargets(async (targets) => {
    for (const { target, known } of everyOperation(targets)) {
      const source = await subjects(targets, known);
      const subject = await source.next();
      const faulty = validParts(known, source.cursor).chain((parts) => {
        const sent = about(subject, known, parts);
        return oneFault(known, sent) ?? fc.constant(undefined);
      });
      await forAll(faulty, numRuns * 2, async (faulty) => {
        if (!faulty) return;
        const response = await target.send(writeOut(known, faulty.parts));
        expect(response.status).toBe(422);
        if (known.method === "HEAD") return;
        expect(placesOf(response)).toEqual([faulty.place]);
        expect(problemOf(response).errors?.[0]?.detail).toMatch(
          /^(?:Must be|Is missing, must be) /,
        );
      });
    }
  });
});

test("whatever else is sent is answered as documented", async () => {
  await withTargets(async (targets) => {
    for (const { target, known } of everyOperation(targets)) {
      await forAll(wildRequest(known), numRuns, async (request) => {
        await target.send(request);
      });
    }
  });
});
