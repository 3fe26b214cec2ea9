// Problem details for HTTP APIs (RFC 9457): the body of every error response.
import { Type } from "@sinclair/typebox";
import { uncached } from "./caching.ts";

const fieldError = Type.Object({
  pointer: Type.Optional(
    Type.String({ description: "JSON Pointer (RFC 6901) into the body, as a URI fragment" }),
  ),
  parameter: Type.Optional(Type.String({ description: "Name of a path or query parameter" })),
  header: Type.Optional(Type.String({ description: "Name of a header field" })),
  detail: Type.String({ description: "What was expected there" }),
});

/** An error of a request: exactly one of `pointer`, `parameter` and `header`, and what is expected there. */
export type FieldError = typeof fieldError.static;

/** The schema of every error response. */
export const problem = Type.Object({
  type: Type.String({ format: "uri-reference" }),
  title: Type.String({ description: "The status in words" }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  code: Type.String({
    description: "What went wrong, as a stable word for programs; later versions may add words",
  }),
  detail: Type.String({ description: "What went wrong with this request, for people" }),
  instance: Type.String({ format: "uri-reference", description: "The path of the request" }),
  request_id: Type.String({ description: "The same as in X-Request-Id and in the logs" }),
  errors: Type.Optional(
    Type.Array(fieldError, { description: "Every error, where there are several" }),
  ),
});

/** The body of an error response. */
export type Problem = typeof problem.static;

/** Titles of the statuses of error responses, as IANA registers them (RFC 9110, section 15). */
const titles = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
} as const;

/** A status that an error response can have. */
export type ProblemStatus = keyof typeof titles;

interface ProblemOptions {
  headers?: Record<string, string>;
  fieldErrors?: readonly FieldError[];
  logReason?: string;
  cause?: unknown;
}

/**
 * An error response. A handler or hook throws it to respond with it.
 *
 * Its type has the status and the code, so that the response schemas of a route, which are made from
 * its problems, tell typed clients which codes each status can have.
 */
export class HttpProblem<
  S extends ProblemStatus = ProblemStatus,
  C extends string = string,
> extends Error {
  override readonly name = "HttpProblem";
  readonly headers: Readonly<Record<string, string>>;
  readonly fieldErrors: readonly FieldError[] | undefined;
  /**
   * Why a request was refused, as the `reason` in the access log. A 5xx with one may succeed later: its
   * line is a warning without a stack, and metrics have the word. Every 503 has one, by default its code.
   */
  readonly logReason: string | undefined;

  /**
   * @param code what went wrong, as a stable word for programs, such as `email-taken`. One code
   * belongs to one status
   * @param detail what went wrong, for people: no value longer than 100 characters, no secret
   */
  constructor(
    readonly status: S,
    readonly code: C,
    readonly detail: string,
    { headers = {}, fieldErrors, logReason, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause });
    this.headers = headers;
    this.fieldErrors = fieldErrors;
    this.logReason = logReason ?? (status === 503 ? code : undefined);
  }
}

/** The most field errors in one response: more of them help no client, and finding them takes time. */
export const maxFieldErrors = 1000;

/** The most characters of one value, or of one path segment, that an error response repeats. */
export const maxEchoLength = 100;

// Characters that RFC 3986 does not allow in a path, including a lone percent sign.
const notInPaths = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@%/-]/gu;

// A character of an escaped path: itself, or the triplets of its UTF-8 bytes.
const escapedCharacter = /%[0-9A-F]{2}(?:%[89AB][0-9A-F]){0,3}|[^%]/giy;

/** The characters of an escaped segment that fit into {@link maxEchoLength}, each as a whole. */
function cutSegment(segment: string): string {
  if (segment.length <= maxEchoLength) return segment;
  let length = 0;
  escapedCharacter.lastIndex = 0;
  while (escapedCharacter.test(segment) && escapedCharacter.lastIndex <= maxEchoLength) {
    length = escapedCharacter.lastIndex;
  }
  return segment.slice(0, length);
}

/**
 * A request's path as a URI reference. A path longer than {@link maxEchoLength} is cut to nine segments
 * of at most that length.
 */
function echoedPath(path: string): string {
  // A URI reference that begins with two slashes names a host.
  const escaped = path.replace(/^\/+/, "/").replace(notInPaths, encodeURIComponent);
  if (escaped.length <= maxEchoLength) return escaped;
  return escaped.split("/", 10).map(cutSegment).join("/");
}

/** The response for a problem, to the request with this path and id. */
export function problemResponse(
  { status, code, detail, headers, fieldErrors }: HttpProblem,
  { path, requestId }: { path: string; requestId: string },
): Response {
  const body: Problem = {
    type: "about:blank",
    title: titles[status],
    status,
    code,
    detail,
    instance: echoedPath(path),
    request_id: requestId,
    ...(fieldErrors ? { errors: [...fieldErrors] } : {}),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, ...uncached, "content-type": "application/problem+json" },
  });
}
