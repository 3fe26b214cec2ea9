// The OpenAPI document of an app: what the plugin reads from the routes, completed by problems, header
// fields and HEAD.
import type { AnyElysia } from "elysia";
import { documentedRoutes } from "./documented-routes.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { headOperation, toOperation } from "./operation.ts";
import { problemComponent } from "./problems.ts";
import { managementTag } from "./route-docs.ts";
import { toComponent, type SchemaComponents } from "./schema.ts";
import type { ApiInfo, OpenApiDocument, PathItem } from "./types.ts";

const conventions = `

A path that has \`GET\` has \`HEAD\` too. An unknown path is a 404 problem; a known path with another
method is a 405 problem with \`Allow\`. Unknown members of a body are ignored. An unknown, repeated or
empty query parameter is a 422 problem, except at the routes with the tag \`operations\`.

Every request may have an \`X-Request-Id\`, a \`traceparent\` and a \`tracestate\`; every response
has an \`X-Request-Id\`. Errors are problem details (RFC 9457): programs switch on \`code\`, and
\`detail\` is for people. Header fields and problems that most routes share are marked
\`x-common\`.`;

const authentication = `

Every operation needs a Bearer token (RFC 6750) with one of the scopes that it names, except those with
the tag \`operations\`. A token that has a user's id is a person's: a person sees and changes only what
is its own.`;

const bearer = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "JWT",
  description: "An access token of the issuer that the service trusts, for this service",
} as const;

const publisher = {
  contact: { name: "The bun-elysia-platform authors" },
  license: { name: "MIT License", identifier: "MIT" },
};

const managementDescription =
  "For operators, probes and Prometheus. They respond also while the storage does not, and are never " +
  "shed under load.";

/**
 * The server, relative to the document at `/swagger/json`. `/` would lead out of the path prefix that a
 * proxy may have put before both.
 */
const serverOfDocument = { url: "..", description: "This service" };

/**
 * The OpenAPI 3.1 document of an app that has all its routes. A route without documentation is in it
 * as far as its schemas tell; the check in `testing/document-check.ts` lists what is missing.
 *
 * The version is 3.1 because its schemas are JSON Schema, as TypeBox writes them. The plugin calls the
 * same schemas 3.0.3, which has no `const` and no `examples`.
 */
export async function openApiDocument(
  app: AnyElysia,
  { tags: descriptions = {}, publicUrl = "", realm, ...info }: ApiInfo,
): Promise<OpenApiDocument> {
  const routes = await documentedRoutes(app, realm);
  const schemas: SchemaComponents = {};
  toComponent(problemComponent(routes), schemas);
  const tags = new Set<string>();
  const paths: Record<string, PathItem> = {};
  for (const route of routes) {
    const operation = await toOperation(route, schemas);
    for (const tag of operation.tags) tags.add(tag);
    const item = (paths[route.path] ??= {});
    item[route.method] = operation;
    if (route.method === "get") item.head = headOperation(operation);
  }
  // The management routes come first, and their tag last.
  if (tags.delete(managementTag)) tags.add(managementTag);
  const json = JSON.stringify(paths);
  const referenced = <T>(kind: "parameters" | "headers", all: Record<string, T>) =>
    Object.fromEntries(
      Object.entries(all).filter(([name]) => json.includes(`"#/components/${kind}/${name}"`)),
    );
  const isGuarded = realm !== undefined;
  const description = info.description + conventions + (isGuarded ? authentication : "");
  const document: OpenApiDocument = {
    openapi: "3.1.0",
    info: { ...info, description, ...publisher },
    servers: [publicUrl === "" ? serverOfDocument : { url: publicUrl }],
    // An empty list: what does not say otherwise needs no authentication.
    security: [],
    tags: Array.from(tags, (name) => ({
      name,
      description: name === managementTag ? managementDescription : descriptions[name],
    })),
    paths,
    components: {
      schemas,
      parameters: referenced("parameters", requestHeaders),
      headers: referenced("headers", responseHeaders),
      securitySchemes: isGuarded ? { bearer } : undefined,
    },
  };
  // JSON has no members that are undefined.
  return JSON.parse(JSON.stringify(document)) as OpenApiDocument;
}
