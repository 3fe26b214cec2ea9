// Compares every response that a test gets with the API document, so that neither changes alone.
import { unknownMethod, unknownPath } from "../src/http/common-problems.ts";
import type { HttpProblem } from "../src/http/problem.ts";
import { headerRefs, type ResponseHeader } from "../src/openapi/headers.ts";
import { problemSchema } from "../src/openapi/problems.ts";
import type { OpenApiDocument, PathItem, ResponseObject, Responses } from "../src/openapi/types.ts";
import { schemaCheck, type SchemaCheck } from "./schema-check.ts";

/** Sends a request: an app's `handle`, or `fetch`. */
export type Send = (request: Request) => Response | Promise<Response>;

/** Fields for the transport, caches and browsers, which the document does not list. */
const standardFields = new Set([
  "access-control-allow-origin",
  "access-control-expose-headers",
  "cache-control",
  "connection",
  "content-length",
  "content-security-policy",
  "content-type",
  "date",
  "keep-alive",
  "referrer-policy",
  "transfer-encoding",
  "vary",
  "x-content-type-options",
]);

/** The response to a request that no operation describes. */
const undocumented = (problem: HttpProblem, fields: ResponseHeader[]): ResponseObject => ({
  description: problem.detail,
  headers: headerRefs(fields),
  content: { "application/problem+json": { schema: problemSchema([problem]) } },
});
const ofUnknownPath = { 404: undocumented(unknownPath(), ["X-Request-Id"]) };
const ofUnknownMethod = { 405: undocumented(unknownMethod([]), ["X-Request-Id", "Allow"]) };

/**
 * A `send` that throws an Error if the status, header fields, media type or body of a response are
 * not as documented. An unknown path must be a 404 problem; another method of a known path must be a
 * 405 problem with the path's methods in `Allow`.
 */
export function validatingFetch(
  send: Send,
  document: OpenApiDocument,
): (request: Request) => Promise<Response> {
  const check = schemaCheck(document);
  const find = pathFinder(document.paths);
  return async (request) => {
    const { method, url } = request;
    const response = await send(request);
    const text = await response.clone().text();
    const item = find(new URL(url).pathname);
    const responses = documentedResponses(method, item);
    const documented = responses[response.status];
    const mismatches = documented
      ? [
          ...headerMismatches(response, documented, document, check),
          ...bodyMismatches({ method, response, text }, documented, check),
          ...allowMismatches(response, item),
        ]
      : [`Status ${response.status} is not one of ${Object.keys(responses).join(", ")}`];
    if (mismatches.length === 0) return response;
    throw new Error(
      [
        `The response to ${method} ${url} is not as documented`,
        ...mismatches.map((mismatch) => `  - ${mismatch}`),
        `  ${response.status} ${text.slice(0, 500)}`,
      ].join("\n"),
    );
  };
}

/** Finds the Path Item of a path. A path without variables goes before a template that matches too. */
function pathFinder(paths: OpenApiDocument["paths"]): (path: string) => PathItem | undefined {
  const templates = Object.entries(paths).map(([template, item]) => ({
    item,
    variables: template.split("{").length,
    pattern: new RegExp(
      `^${template.replace(/[.*+?^$()[\]|\\]/g, "\\$&").replace(/\{\w+\}/g, "[^/]+")}$`,
    ),
  }));
  templates.sort((one, other) => one.variables - other.variables);
  return (path) => templates.find(({ pattern }) => pattern.test(path))?.item;
}

/** The responses to a method of a path; `item` is undefined for a path that the document does not have. */
function documentedResponses(method: string, item: PathItem | undefined): Responses {
  if (item === undefined) return ofUnknownPath;
  const [, operation] = Object.entries(item).find(([name]) => name.toUpperCase() === method) ?? [];
  return operation?.responses ?? ofUnknownMethod;
}

function headerMismatches(
  response: Response,
  documented: ResponseObject,
  { components }: OpenApiDocument,
  check: SchemaCheck,
): string[] {
  const mismatches: string[] = [];
  const names = Object.keys(documented.headers);
  for (const [name, reference] of Object.entries(documented.headers)) {
    const value = response.headers.get(name);
    const header = "$ref" in reference ? components.headers[name] : reference;
    if (header === undefined) mismatches.push(`${name} is no component of the document`);
    else if (value === null && header.required) mismatches.push(`${name} is missing`);
    else if (value !== null) {
      const typed = header.schema.type === "integer" ? Number(value) : value;
      mismatches.push(...check(header.schema, typed).map((text) => `${name} "${value}": ${text}`));
    }
  }
  const known = new Set([...standardFields, ...names.map((name) => name.toLowerCase())]);
  for (const [name, value] of response.headers) {
    if (!known.has(name)) mismatches.push(`${name} "${value}" is not documented`);
  }
  return mismatches;
}

function allowMismatches({ status, headers }: Response, item: PathItem | undefined): string[] {
  const allow = headers.get("allow");
  const methods = Object.keys(item ?? {}).map((method) => method.toUpperCase());
  return status !== 405 || allow?.split(", ").sort().join() === methods.sort().join()
    ? []
    : [`Allow is ${allow}, but the path has ${methods.join(", ")}`];
}

function bodyMismatches(
  { method, response, text }: { method: string; response: Response; text: string },
  { content }: ResponseObject,
  check: SchemaCheck,
): string[] {
  // RFC 9110, 9.3.2: a response to HEAD has no body.
  if (content === undefined || method === "HEAD") {
    return text === "" ? [] : [`${method} has a body with ${response.status}, and none documented`];
  }
  const sent = response.headers.get("content-type") ?? "none";
  const [, body] = Object.entries(content).find(([type]) => isOfType(sent, type)) ?? [];
  if (body === undefined) {
    return [`Media type ${sent} is not one of ${Object.keys(content).join(", ")}`];
  }
  if (!/[/+]json/.test(sent)) return check(body.schema, text);
  const value = parseJson(text);
  if (value === undefined) return ["The body is not JSON"];
  return [...check(body.schema, value), ...problemMismatches(sent, value, response)];
}

/** Whether a Content-Type is the documented one: it may have more parameters, but not fewer. */
function isOfType(sent: string, documented: string): boolean {
  const parts = new Set(sent.split(";").map((part) => part.trim().toLowerCase()));
  return documented.split(";").every((part) => parts.has(part.trim().toLowerCase()));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Compares a problem's status and request id with those of the response around it. */
function problemMismatches(type: string, value: unknown, { status, headers }: Response): string[] {
  if (!isOfType(type, "application/problem+json")) return [];
  const problem: Record<string, unknown> = { ...(typeof value === "object" ? value : {}) };
  const requestId = headers.get("x-request-id");
  return Object.entries({ status, request_id: requestId }).flatMap(([member, expected]) =>
    problem[member] === expected
      ? []
      : [`${member} in the problem is not the response's, ${expected}`],
  );
}
