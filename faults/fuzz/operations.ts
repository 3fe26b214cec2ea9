// The operations of an API document, and the parts of requests for them.
import type { Json, OpenApiDocument, Parameter } from "../../shared/src/openapi/types.ts";
import type { RawRequest } from "../support/raw-request.ts";
import { readSchema, type Schema } from "./valid-values.ts";

/** An operation, with every reference resolved. */
export interface Operation {
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** The schema of the JSON body; undefined for an operation without a body. */
  readonly body: Schema | undefined;
}

/** The parts of a request that clients choose. */
export interface Parts {
  /** Absent if the path has no `{id}`. */
  readonly id?: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent if the request has no body. */
  readonly body?: Json;
}

/** Every operation of a document. */
export function operationsOf({ paths, components }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters, requestBody }]) => {
      const content = requestBody?.content["application/json"];
      return {
        method: method.toUpperCase(),
        path,
        parameters: parameters.map((parameter) => {
          if (!("$ref" in parameter)) return parameter;
          const known = components.parameters[parameter.$ref.split("/").at(-1) ?? ""];
          if (!known) throw new Error(`${parameter.$ref} does not exist`);
          return known;
        }),
        body: content && readSchema(content.schema),
      };
    }),
  );
}

/** An operation of a document. @throws Error if it is not documented */
export function operation(
  { document }: { document: OpenApiDocument },
  method: string,
  path: string,
) {
  const known = operationsOf(document).find(
    (known) => known.method === method && known.path === path,
  );
  if (!known) throw new Error(`${method} ${path} is not documented`);
  return known;
}

/** The request with these parts. */
export function toRequest(
  { method, path }: Operation,
  { id, query, headers, body }: Parts,
): RawRequest {
  const fields = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join("="));
  return {
    method,
    target:
      path.replace("{id}", encodeURIComponent(id ?? "")) +
      (fields.length > 0 ? `?${fields.join("&")}` : ""),
    headers: [
      ...Object.entries(headers),
      ...(body === undefined ? [] : [["Content-Type", "application/json"] as const]),
    ],
    body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
  };
}
