// The parts of an OpenAPI document that decide whether a client still works.

/** A schema by its keywords. */
export type Schema = Readonly<Record<string, unknown>>;

type Referable<T> = T | { readonly $ref: string };
type Named<T> = Readonly<Record<string, T>>;

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly style?: string;
  readonly explode?: boolean;
  readonly schema?: Schema;
}

/** A header field of a response. */
export interface Header {
  readonly required?: boolean;
  readonly schema?: Schema;
}

/** The schemas of a body, by media type. */
export type Content = Named<{ readonly schema?: Schema }>;

/** What an operation takes as its body. */
export interface RequestBody {
  readonly required?: boolean;
  readonly content: Content;
}

/** A response of an operation. */
export interface Response {
  readonly headers?: Named<Referable<Header>>;
  readonly content?: Content;
}

type Security = readonly Named<readonly string[]>[];

/** A method of a path. */
export interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Referable<Parameter>[];
  readonly requestBody?: Referable<RequestBody>;
  readonly responses: Named<Referable<Response>>;
  readonly security?: Security;
}

/** A whole document. */
export interface ApiDocument {
  readonly info: { readonly version: string };
  readonly paths: Named<Named<unknown>>;
  readonly security?: Security;
  readonly components?: unknown;
}

const methods = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];

/** Follows references within the document. @throws Error if one leads nowhere */
export function resolved<T extends object>(document: ApiDocument, value: Referable<T>): T {
  if (!("$ref" in value) || typeof value.$ref !== "string") return value as T;
  let target: unknown = document;
  for (const step of value.$ref.split("/").slice(1)) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    target = target instanceof Object ? Reflect.get(target, key) : undefined;
  }
  if (!(target instanceof Object)) throw new Error(`Nothing is at ${value.$ref}`);
  // What a reference leads to has the type of its place: test:openapi lints the documents.
  return resolved(document, target as Referable<T>);
}

/** The operations by their names, such as `GET /users`. */
export function operationsOf(document: ApiDocument): ReadonlyMap<string, Operation> {
  const found = new Map<string, Operation>();
  for (const [path, item] of Object.entries(document.paths)) {
    const shared = (item["parameters"] ?? []) as readonly Referable<Parameter>[];
    for (const method of methods) {
      const operation = item[method] as Operation | undefined;
      if (operation === undefined) continue;
      const parameters = [...shared, ...(operation.parameters ?? [])];
      found.set(`${method.toUpperCase()} ${path}`, { ...operation, parameters });
    }
  }
  return found;
}

/** The parameters of an operation by their places and names, such as `query parameter limit`. */
export function parametersOf(document: ApiDocument, operation: Operation) {
  const list = (operation.parameters ?? []).map((value) => resolved(document, value));
  return new Map(
    list.map((parameter) => {
      const isHeader = parameter.in === "header";
      const name = isHeader ? parameter.name.toLowerCase() : parameter.name;
      return [`${parameter.in} parameter ${name}`, parameter];
    }),
  );
}
