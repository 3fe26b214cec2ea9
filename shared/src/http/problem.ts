// Problem details for HTTP APIs (RFC 9457): the one shape of every error answer.
import { Type } from "@sinclair/typebox";

/** One fault of a request: where it is and what would have been accepted. */
const fieldError = Type.Object({
  pointer: Type.Optional(
    Type.String({ description: "JSON Pointer (RFC 6901) into the body, as a URI fragment" }),
  ),
  parameter: Type.Optional(Type.String({ description: "Name of a path or query parameter" })),
  header: Type.Optional(Type.String({ description: "Name of a header field" })),
  detail: Type.String({ description: "What was expected there" }),
});

/** See {@link fieldError}. */
export type FieldError = typeof fieldError.static;

/** The schema of every error answer. */
export const problem = Type.Object({
  type: Type.String({ format: "uri-reference" }),
  title: Type.String({ description: "The status in words" }),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String({ description: "What went wrong with this request" }),
  instance: Type.String({ format: "uri-reference", description: "The path of the request" }),
  request_id: Type.String({ description: "The same as in X-Request-Id and in the logs" }),
  errors: Type.Optional(
    Type.Array(fieldError, { description: "Every fault, where there are several" }),
  ),
});

/** See {@link problem}. */
export type Problem = typeof problem.static;

/** Titles of the statuses that we answer with, as registered with IANA (RFC 9110, section 15). */
const titles = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
} as const;

/** A status that an error answer can have. */
export type ProblemStatus = keyof typeof titles;

/** An answer that refuses a request. Thrown anywhere at the edge, it becomes that answer. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly headers: Readonly<Record<string, string>>;
  readonly fieldErrors: readonly FieldError[] | undefined;
  /** Refused to protect the service, which is no error of it. */
  readonly isShed: boolean;

  /** @param detail what went wrong, for the caller: no value longer than 100 characters, no secret */
  constructor(
    readonly status: ProblemStatus,
    readonly detail: string,
    {
      headers = {},
      fieldErrors,
      isShed = false,
      cause,
    }: {
      headers?: Record<string, string>;
      fieldErrors?: readonly FieldError[];
      isShed?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause });
    this.headers = headers;
    this.fieldErrors = fieldErrors;
    this.isShed = isShed;
  }
}

/** The longest piece of a request that is sent back in an error. */
export const maxEchoLength = 100;

// What RFC 3986 does not allow in a path, a lone percent sign among it.
const notInPaths = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@%/-]/gu;

/** A request's path as a URI reference, with every segment cut to what may be sent back. */
function echoedPath(path: string): string {
  const cut =
    path.length <= maxEchoLength
      ? path
      : path
          .split("/", 10)
          .map((segment) => segment.slice(0, maxEchoLength))
          .join("/");
  // Two slashes at the start would name a host.
  return cut
    .replace(/^\/+/, "/")
    .replace(notInPaths, (sign) => (sign === "%" ? "%25" : encodeURIComponent(sign)));
}

/** The answer for a problem, for the request with this path and id. */
export function problemResponse(
  { status, detail, headers, fieldErrors }: HttpProblem,
  { path, requestId }: { path: string; requestId: string },
): Response {
  const body: Problem = {
    type: "about:blank",
    title: titles[status],
    status,
    detail,
    instance: echoedPath(path),
    request_id: requestId,
    ...(fieldErrors ? { errors: [...fieldErrors] } : {}),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}

/** Response schemas for the statuses that a route refuses requests with. */
export function problems<S extends ProblemStatus>(...statuses: S[]): Record<S, typeof problem> {
  // Object.fromEntries forgets the keys that it was given.
  return Object.fromEntries(statuses.map((status) => [status, problem])) as Record<
    S,
    typeof problem
  >;
}
