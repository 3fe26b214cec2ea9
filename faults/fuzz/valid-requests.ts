// Requests that must succeed.
import * as fc from "fast-check";
import type { Parameter } from "../../shared/src/openapi/types.ts";
import type { Operation, Parts } from "./operations.ts";
import { readSchema, validValue } from "./valid-values.ts";

/** Stands for the entity tag of the request's fixture, which is not created yet. */
export const presentTag = "<present tag>";

const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => /[1-9a-f]/.test(text));

let keys = 0;

/** An unused idempotency key, bare or quoted. */
const idempotencyKey = fc
  .tuple(fc.stringMatching(/^[!#-[\]-~]{0,240}$/), fc.boolean())
  .map(([text, isQuoted]) => {
    keys += 1;
    const key = `${keys}-${text}`;
    return isQuoted ? `"${key}"` : key;
  });

/** Header fields that the contract allows. */
const headers: Record<string, fc.Arbitrary<string>> = {
  "X-Request-Id": fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/),
  traceparent: fc.tuple(hex(32), hex(16)).map(([trace, parent]) => `00-${trace}-${parent}-01`),
  tracestate: fc.stringMatching(/^[a-z]{1,9}=[!-+\--<>-~]{1,200}$/),
  "If-Match": fc.constantFrom("*", presentTag, ` ${presentTag} `, `"x", ${presentTag},, W/"y"`),
  "If-None-Match": fc.constantFrom('"x"', 'W/"x", "y"', "nonsense", '"'),
  "Idempotency-Key": idempotencyKey,
};

function validParameter({ name, in: place, schema }: Parameter, cursor: string) {
  const header = headers[name];
  if (place === "header" && header) return header;
  if (name === "after") return fc.constant(cursor);
  return validValue(readSchema(schema)).map(String);
}

/**
 * The parts of a request that the document allows, with and without its optional parts. The caller
 * adds the id.
 *
 * @param cursor from an earlier page of the list
 */
export function validParts({ parameters, body }: Operation, cursor: string): fc.Arbitrary<Parts> {
  const fields = (place: string) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place)
          .map((parameter) => [parameter.name, validParameter(parameter, cursor)]),
      ),
      { requiredKeys: [], noNullPrototype: true },
    ) as fc.Arbitrary<Record<string, string>>;
  // The cursor belongs to the order that a client gets without `sort`.
  const query = fields("query").map(({ sort, ...others }) =>
    sort === undefined || "after" in others ? others : { ...others, sort },
  );
  return fc.record({
    query,
    headers: fields("header"),
    ...(body ? { body: validValue(body) } : {}),
  });
}
