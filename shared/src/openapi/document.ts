// The API document. The documentation plugin writes what it reads from the routes; what it cannot
// say is completed: problems, header fields, the answers that every route shares, HEAD.
import type { AnyElysia } from "elysia";
import type { Collected } from "./responses.ts";
import { managementTag } from "./route-docs.ts";
import { documentedRoutes } from "./documented-routes.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { describeOperation, headOperation } from "./operation.ts";
import { plainSchema, toComponent } from "./schema.ts";
import type { ApiInfo, OpenApiDocument, PathItem } from "./types.ts";
import { problem } from "../http/problem.ts";

const conventions = `

Every \`GET\` also answers \`HEAD\`. An unknown path is a 404 problem; a known path with another
method is a 405 problem with \`Allow\`. Unknown members of a body and unknown query parameters are
ignored.`;

/**
 * The API document of an app that has all its routes.
 *
 * It is OpenAPI 3.1, whose schemas are JSON Schema as TypeBox writes it. The plugin says 3.0.3 of
 * the same schemas, although `const` and `examples` do not exist there.
 *
 * @throws Error that lists what the routes leave unsaid: examples, or when they refuse
 */
export async function openApiDocument(app: AnyElysia, info: ApiInfo): Promise<OpenApiDocument> {
  const shared: Collected = { schemas: {}, missing: [] };
  toComponent({ title: "Problem", ...plainSchema(problem) }, shared.schemas);
  const tags = new Set<string>();
  const paths: Record<string, PathItem> = {};
  for (const route of await documentedRoutes(app)) {
    const operation = await describeOperation(route, shared);
    for (const tag of operation.tags) tags.add(tag);
    const item = (paths[route.path] ??= {});
    item[route.method] = operation;
    if (route.method === "get") item.head = headOperation(operation);
  }
  if (shared.missing.length > 0) {
    throw new Error(`Cannot document the API: ${shared.missing.join("; ")}`);
  }
  return {
    openapi: "3.1.0",
    info: { ...info, description: info.description + conventions },
    servers: [{ url: "/" }],
    tags: [...tags].sort(managementLast).map((name) => ({ name })),
    paths,
    components: {
      schemas: shared.schemas,
      parameters: referred("parameters", requestHeaders, paths),
      headers: referred("headers", responseHeaders, paths),
    },
  };
}

/** Keeps the order of tags but for the one about the service itself. */
function managementLast(one: string, other: string): number {
  return Number(one === managementTag) - Number(other === managementTag);
}

/** Those of our components that the paths of this app refer to. */
function referred<T>(
  kind: "parameters" | "headers",
  components: Record<string, T>,
  paths: Record<string, PathItem>,
): Record<string, T> {
  const written = JSON.stringify(paths);
  const isReferred = (name: string) => written.includes(`"#/components/${kind}/${name}"`);
  return Object.fromEntries(Object.entries(components).filter(([name]) => isReferred(name)));
}
