// The same body in other words is the same body.
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { forAll } from "../support/property.ts";
import { bodiesFor } from "./bodies.ts";
import { oneFault } from "./invalid-requests.ts";
import { operation, writeOut } from "./operations.ts";
import type { RawResponse } from "../support/raw-response.ts";
import { amount } from "../support/scale.ts";
import { spelling } from "./json-spelling.ts";
import { subjects } from "./fixtures.ts";
import { withTargets } from "../support/platform/targets.ts";
import type { JsonObject } from "./valid-values.ts";

const numRuns = amount({ full: 2000, fast: 200 });

/** An answer without what is different each time. */
function outcome(response: RawResponse): unknown {
  const {
    id: _,
    request_id: _id,
    created_at: _at,
    updated_at: _then,
    ...rest
  } = JSON.parse(response.body.toString()) as JsonObject;
  return { status: response.status, ...rest };
}

test.each([
  ["user-service", "PUT", "/users/{id}"],
  ["order-service", "POST", "/orders"],
] as const)(
  "%s: %s %s means the same in any order, in any spelling, with whatever else is in it",
  async (service, method, path) => {
    await withTargets(async (targets) => {
      const target = service === "user-service" ? targets.users : targets.orders;
      const known = operation(target, method, path);
      const { id, userId } = await (await subjects(targets, known)).next();
      const parts = bodiesFor<JsonObject>(target, method, path)
        .map((body) => ({
          id,
          query: {},
          headers: {},
          body: method === "POST" ? { ...body, user_id: userId } : { name: "Alice", ...body },
        }))
        .chain((parts) => {
          const faulty = oneFault(known, parts)?.map(({ parts }) => parts) ?? fc.constant(parts);
          return fc.oneof(fc.constant(parts), faulty);
        });
      const spelled = parts.chain((parts) =>
        fc.tuple(fc.constant(parts), spelling(parts.body ?? null, true)),
      );
      await forAll(spelled, numRuns, async ([parts, text]) => {
        const request = writeOut(known, { ...parts, body: parts.body ?? null });
        const plain = await target.send(request);
        const other = await target.send({ ...request, body: Buffer.from(text) });
        expect(outcome(other)).toEqual(outcome(plain));
      });
    });
  },
);
