// Requests for documented operations of which only the method and most of the path are right.
import * as fc from "fast-check";
import { anyFields, anyQuery, anySegment } from "../support/http-arbitraries.ts";
import type { RawRequest } from "../support/raw-request.ts";
import { jsonText } from "./json-texts.ts";
import type { Operation } from "./operations.ts";

/** Requests for an operation with arbitrary id, query, fields and body. */
export function wildRequest({ method, path }: Operation): fc.Arbitrary<RawRequest> {
  const body = fc.oneof(
    jsonText.map((text): Uint8Array => Buffer.from(text)),
    fc.uint8Array({ maxLength: 200 }),
  );
  return fc
    .record(
      {
        id: fc.oneof({ weight: 3, arbitrary: anySegment }, fc.uuid()),
        query: anyQuery,
        headers: anyFields,
        isJson: fc.boolean(),
        body,
        chunkBytes: fc.integer({ min: 1, max: 50 }),
      },
      { requiredKeys: ["id", "query", "headers", "isJson"], noNullPrototype: true },
    )
    .map(({ id, query, headers, isJson, body, chunkBytes }) => ({
      method,
      target: path.replace("{id}", id) + query,
      headers: isJson ? [["Content-Type", "application/json"] as const, ...headers] : headers,
      body,
      chunkBytes,
    }));
}
