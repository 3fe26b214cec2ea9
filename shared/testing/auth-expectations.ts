// What the contract says of every operation of a service's API document by every credential.
import type { AuthOutcome } from "../src/core/caller.ts";
import type { OpenApiDocument } from "../src/openapi/types.ts";
import { wrongIssuer, type Refused, type Standing } from "./auth-credentials.ts";
import type { Sent } from "./running-service.ts";

/** What a person gets: as a program does, an empty list, a problem of 404, or one of 403. */
type Personal = "all" | "nothing" | "not-found" | "forbidden";

/** How to request an operation of the document. */
export interface OperationRequest<Subject> {
  readonly operationId: string;
  /** The status without authentication. */
  readonly status: number;
  /** The scope that the body needs, where the document names several. */
  readonly needs?: string;
  readonly owner: Personal;
  readonly stranger: Personal;
  send(subject: Subject): Sent & { readonly path: string };
}

/** What differs between the services. */
export interface ServiceRules {
  readonly service: string;
  /** The code of the problem that says that a resource is not there. */
  readonly notFound: string;
  /** What the tokens of another service of the platform may do; undefined: such tokens are unknown. */
  readonly serviceScopes: readonly string[] | undefined;
}

/** A request to an operation, with what the document says of it. */
export interface Cell<Subject> extends Omit<OperationRequest<Subject>, "needs"> {
  readonly method: string;
  /** What a token needs before the body is read: one of them. */
  readonly scopes: readonly string[];
  /** What it needs at last. */
  readonly needs: readonly string[];
}

/** The paths of the operations that need no token. */
export const openPaths = ["/health", "/metrics", "/ready", "/swagger", "/swagger/json"];

/** Adds what the document says to the requests, and HEAD to each GET. @throws Error if one is missing */
export function cellsOf<Subject>(
  { paths }: OpenApiDocument,
  requests: readonly OperationRequest<Subject>[],
): readonly Cell<Subject>[] {
  const guarded = Object.entries(paths).filter(([path]) => !openPaths.includes(path));
  const cells = guarded
    .flatMap(([, item]) => Object.entries(item))
    .flatMap(([method, { operationId, security = [] }]) => {
      const named = operationId.replace(/Head$/, "");
      const all = requests.filter((request) => request.operationId === named);
      if (all.length === 0) {
        throw new Error(
          `No request is made to ${operationId}: add one to "requests" in test/auth-matrix.test.ts`,
        );
      }
      const scopes = security.flatMap(({ bearer }) => bearer);
      if (scopes.length === 0) throw new Error(`${operationId} needs no token`);
      return all.map(({ needs, ...request }) => ({
        ...request,
        operationId,
        method: method.toUpperCase(),
        scopes,
        needs: needs === undefined ? scopes : [needs],
      }));
    });
  const order = requests.map(({ send }) => send);
  return cells.sort((one, other) => order.indexOf(one.send) - order.indexOf(other.send));
}

/** The expected response to a request. */
interface Expected {
  readonly status: number;
  /** Undefined: no problem. */
  readonly code: string | undefined;
  readonly outcome: AuthOutcome;
  readonly challenge: string | null;
  /** Whether a list has nothing, because all of it is hidden. */
  readonly isEmptyList: boolean;
}

export const success = (status: number): Expected => ({
  status,
  code: undefined,
  outcome: "ok",
  challenge: null,
  isEmptyList: false,
});

/** What the contract says of a credential at an operation. */
export function expectedOf(
  standing: Standing,
  { status, scopes, needs, owner, stranger }: Cell<never>,
  { service, notFound, serviceScopes }: ServiceRules,
): Expected {
  const realm = `Bearer realm="${service}"`;
  const refused = ({ challenge, ...rest }: Refused): Expected => ({
    ...rest,
    challenge: realm + challenge,
    isEmptyList: false,
  });
  const lacks = (missing: readonly string[]) =>
    refused({
      status: 403,
      code: "insufficient-scope",
      outcome: "insufficient-scope",
      challenge: `, error="insufficient_scope", scope="${missing.join(" ")}"`,
    });
  const personal = (what: Personal): Expected => {
    if (what === "all") return success(status);
    if (what === "nothing") return { ...success(status), isEmptyList: true };
    return what === "forbidden"
      ? { ...success(403), code: "forbidden" }
      : { ...success(404), code: notFound };
  };
  switch (standing) {
    case "program":
      return success(status);
    case "owner":
      return personal(owner);
    case "stranger":
      return personal(stranger);
    case "no-scope":
      return lacks(scopes);
    case "other-scopes":
      return lacks(needs);
    case "service":
      if (serviceScopes === undefined) return refused(wrongIssuer);
      return scopes.some((scope) => serviceScopes.includes(scope))
        ? success(status)
        : lacks(scopes);
    default:
      return refused(standing);
  }
}

/** The expected response as a client sees it; of HEAD the body is unknown. */
export function visiblePart(expected: Expected, method: string, isEnforced: boolean) {
  const { status, code, challenge, isEmptyList } = expected;
  const isRead = method === "GET" || method === "HEAD";
  const isRefused = code !== undefined;
  return {
    status,
    code: method === "HEAD" ? undefined : code,
    challenge,
    caching: isRead && !isRefused ? "private, no-cache" : "no-store",
    vary: isEnforced ? "Authorization" : null,
    isEmptyList: isEmptyList && method !== "HEAD",
  };
}
