// Holds every answer that a test sees against the API document, so that neither changes alone.
import { headerRefs, type ResponseHeader } from "../src/openapi/headers.ts";
import type {
  ResponseObject,
  Header,
  MediaType,
  OpenApiDocument,
  PathItem,
  Ref,
} from "../src/openapi/types.ts";
import { schemaCheck, type SchemaCheck } from "./schema-check.ts";

/** Sends a request: an app's `handle`, or `fetch`. */
export type Send = (request: Request) => Response | Promise<Response>;

/** Fields of the transport, of caches and of browsers' policies: no part of the contract. */
const standardFields = new Set([
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

/** What comes back for a request that no operation describes. */
const undescribed = (description: string, fields: ResponseHeader[]): ResponseObject => ({
  description,
  headers: headerRefs(fields),
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});
const unknownPath = { 404: undescribed("Unknown path", ["X-Request-Id"]) };
const unknownMethod = { 405: undescribed("Unknown method", ["X-Request-Id", "Allow"]) };

/**
 * The same sender, which throws if an answer is not what the document says: its status, header
 * fields, media type and body. An unknown path has to be a 404 problem; another method of a known
 * path, a 405 problem with the path's methods in `Allow`.
 */
export function validatingFetch(
  send: Send,
  document: OpenApiDocument,
): (request: Request) => Promise<Response> {
  const check = schemaCheck(document);
  const find = pathFinder(document.paths);
  return async (request) => {
    const response = await send(request);
    const text = await response.clone().text();
    const item = find(new URL(request.url).pathname);
    const exchange = { method: request.method, response, text, item };
    const faults = faultsOf(exchange, { check, headers: document.components.headers });
    if (faults.length === 0) return response;
    throw new Error(
      [
        `${request.method} ${request.url} is not answered as documented`,
        ...faults.map((fault) => `  - ${fault}`),
        `  ${response.status} ${text.slice(0, 500)}`,
      ].join("\n"),
    );
  };
}

/** The look-up from a path to its item; a template gives way to a path that is written out. */
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

interface Exchange {
  readonly method: string;
  readonly response: Response;
  readonly text: string;
  /** The methods of the path; undefined if the document does not know it. */
  readonly item: PathItem | undefined;
}

interface Contract {
  readonly check: SchemaCheck;
  readonly headers: Record<string, Header>;
}

function faultsOf(exchange: Exchange, contract: Contract): string[] {
  const { response, item } = exchange;
  const answers: Record<string, ResponseObject> = expectedAnswers(exchange);
  const answer = answers[response.status];
  if (answer === undefined) {
    return [`Status ${response.status} is not one of ${Object.keys(answers).join(", ")}`];
  }
  const faults = [
    ...headerFaults(response, answer.headers, contract),
    ...bodyFaults(exchange, answer.content, contract),
  ];
  const allow = response.headers.get("allow");
  const methods = Object.keys(item ?? {}).map((method) => method.toUpperCase());
  if (response.status === 405 && allow?.split(", ").sort().join() !== methods.sort().join()) {
    faults.push(`Allow is ${allow}, but the path has ${methods.join(", ")}`);
  }
  return faults;
}

function expectedAnswers({ method, item }: Exchange): Record<string, ResponseObject> {
  if (item === undefined) return unknownPath;
  const [, operation] = Object.entries(item).find(([name]) => name.toUpperCase() === method) ?? [];
  return operation?.responses ?? unknownMethod;
}

function headerFaults(
  response: Response,
  documented: Record<string, Ref>,
  { check, headers }: Contract,
): string[] {
  const faults: string[] = [];
  const names = Object.keys(documented);
  for (const name of names) {
    const value = response.headers.get(name);
    const header = headers[name];
    if (header === undefined) faults.push(`${name} is no component of the document`);
    else if (value === null && header.required) faults.push(`${name} is missing`);
    else if (value !== null) {
      const typed = header.schema.type === "integer" ? Number(value) : value;
      faults.push(...check(header.schema, typed).map((fault) => `${name} "${value}": ${fault}`));
    }
  }
  const known = new Set(names.map((name) => name.toLowerCase()));
  for (const [name, value] of response.headers) {
    if (!known.has(name) && !standardFields.has(name)) {
      faults.push(`${name} "${value}" is not documented`);
    }
  }
  return faults;
}

function bodyFaults(
  { method, response, text }: Exchange,
  content: Record<string, MediaType> | undefined,
  { check }: Contract,
): string[] {
  // RFC 9110, 9.3.2: an answer to HEAD has no body, whatever GET would send.
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
  return [...check(body.schema, value), ...problemFaults(sent, value, response)];
}

/** Whether a Content-Type is a documented one, with all its parameters and perhaps more. */
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

/** What a problem says twice has to be the same. */
function problemFaults(type: string, value: unknown, { status, headers }: Response): string[] {
  if (!isOfType(type, "application/problem+json")) return [];
  const said: Record<string, unknown> = { ...(typeof value === "object" ? value : {}) };
  const requestId = headers.get("x-request-id");
  return Object.entries({ status, request_id: requestId }).flatMap(([member, told]) =>
    said[member] === told ? [] : [`${member} in the problem is not the answer's, ${told}`],
  );
}
