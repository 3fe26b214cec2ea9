// Two spellings of one JSON value get the same response.
import { expect } from "bun:test";
import * as fc from "fast-check";
import { test } from "../support/platform/targets.ts";
import { forAll } from "../support/property.ts";
import type { RawResponse } from "../support/raw-response.ts";
import { amount } from "../support/scale.ts";
import { bodiesFor } from "./bodies.ts";
import { fixtures } from "./fixtures.ts";
import { withOneError } from "./invalid-requests.ts";
import { spelling } from "./json-spelling.ts";
import { operation, toRequest } from "./operations.ts";
import type { JsonObject } from "./valid-values.ts";

const numRuns = amount({ full: 2000, fast: 200 });

/** A response without the members that differ each time. */
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
  "%s: %s %s ignores the order and the spelling of members, and unknown members",
  async (service, method, path, users, orders) => {
    const target = service === "user-service" ? users : orders;
    const tested = operation(target, method, path);
    const { id, userId } = await (await fixtures(users, orders, tested)).next();
    const parts = bodiesFor<JsonObject>(target, method, path)
      .map((body) => ({
        id,
        query: {},
        headers: {},
        body: method === "POST" ? { ...body, user_id: userId } : { name: "Alice", ...body },
      }))
      .chain((parts) => {
        const invalid =
          withOneError(tested, parts)?.map(({ parts }) => parts) ?? fc.constant(parts);
        return fc.oneof(fc.constant(parts), invalid);
      });
    const spelled = parts.chain((parts) =>
      fc.tuple(fc.constant(parts), spelling(parts.body ?? null, true)),
    );
    await forAll(spelled, numRuns, async ([parts, text]) => {
      const request = toRequest(tested, { ...parts, body: parts.body ?? null });
      const plain = await target.send(request);
      const other = await target.send({ ...request, body: Buffer.from(text) });
      expect(outcome(other)).toEqual(outcome(plain));
    });
  },
);
