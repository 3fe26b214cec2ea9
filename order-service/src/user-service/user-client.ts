// Asks user-service over HTTP, once: for one user, or for several.
import { treaty } from "@elysiajs/eden";
import type { LookUp } from "@platform/shared/core/look-up";
import { currentRequest } from "@platform/shared/telemetry/request-context";
import { uuid } from "@platform/shared/schema/uuid";
import type { App } from "@platform/user-service/app";
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { boundedFetch, UnusableResponse, type Fetch } from "./bounded-fetch.ts";
import type { SentToken } from "./service-token.ts";
import { upstreamAddress } from "./upstream-address.ts";

/**
 * What user-service says of a user. `unavailable`: it did not respond in time, or said that it cannot now;
 * `failed`: its response was neither yes nor no.
 */
export type UserAnswer = "exists" | "unknown" | "unavailable" | "failed";

/** The outcome of one HTTP request. */
export interface Attempt {
  /** The users that exist, of those that were asked for. */
  readonly existing: ReadonlySet<string>;
  /** The check of all the others. */
  readonly others: Exclude<UserAnswer, "exists">;
  /** The HTTP status, or what happened instead of a response. */
  readonly status: number | "error" | "timeout";
  /** Whether user-service did not work: a network error, a timeout, 429 or 5xx. */
  readonly isFailure: boolean;
  /** Why there is no usable response. */
  readonly error?: unknown;
  /** Whether this user-service does not understand `?ids=`, so that nothing was found out. */
  readonly batchUnsupported?: boolean;
}

/** A client of user-service. */
export interface UserClient {
  /**
   * Asks user-service for 1 to 100 users; never rejects.
   *
   * @param ms the timeout
   * @param traceparent of the call. Default: the request's
   */
  ask(ids: readonly string[], ms: number, traceparent?: string): Promise<Attempt>;
  /** Whether connections have failed, and user-service now has an address that was not tried yet. */
  hasUntriedAddress(): Promise<boolean>;
}

/** Whether user-service refuses the caller, whatever the call asks for. */
export const isRefused = (status: unknown): status is 401 | 403 => status === 401 || status === 403;

/** The members of a user that order-service relies on. Timestamps are ignored. */
const user = Type.Object({ id: uuid, name: Type.String(), email: Type.String() });
const users = TypeCompiler.Compile(Type.Array(user));

/** user-service's own 404, and the original platform's. Any other service's 404 says nothing of users. */
const notFound = TypeCompiler.Compile(Type.Object({ detail: Type.Literal("User not found") }));

/** Without a response for so long, in ms, the address is in doubt: a moved one is found within 3 s. */
const maxSilenceMs = 2000;

/** The statuses of a service that is well but cannot respond now. */
const unavailableStatuses = new Set([429, 503, 504]);

const none: ReadonlySet<string> = new Set();

/** Whether the response was neither yes nor no, though the upstream is well: is it user-service? */
export function isMisdirected({ others, isFailure, batchUnsupported }: Attempt): boolean {
  return others === "failed" && !isFailure && batchUnsupported !== true;
}

/** The part of Eden's result that is used here. Its types promise a response that a failed fetch lacks. */
interface EdenResult {
  readonly data: unknown;
  readonly error: { readonly value: unknown } | null;
  readonly response: Response | undefined;
  readonly status: number;
}

/** How a client reaches user-service. */
export interface Transport {
  /** Sent with every call. Undefined: none is. */
  readonly token?: SentToken | undefined;
  readonly fetch?: Fetch;
  /** Finds the addresses of user-service's name. Default: the C library. */
  readonly lookUp?: LookUp;
}

/** @param url the origin of user-service, such as `http://users:8000` */
export function userClient(
  url: string,
  { token, fetch = globalThis.fetch, lookUp }: Transport = {},
): UserClient {
  const address = upstreamAddress(url, fetch, lookUp && { lookUp });
  const client = treaty<App>(url, {
    parseDate: false,
    fetcher: boundedFetch(address.fetch) as typeof globalThis.fetch,
  });

  let hasUnderstoodBatch = false;

  function classify(ids: readonly string[], status: number, data?: unknown): Attempt {
    const isBatch = ids.length > 1;
    const found = isBatch ? data : [data];
    if (status === 200 && users.Check(found)) {
      const existing = new Set(found.map(({ id }) => id));
      // A user-service that ignores `?ids=` responds with all its users.
      if (existing.isSubsetOf(new Set(ids))) {
        hasUnderstoodBatch ||= isBatch;
        return { existing, others: "unknown", status, isFailure: false };
      }
    }
    // It would refuse each call for one of them as well.
    if (isRefused(status)) return { existing: none, others: "failed", status, isFailure: false };
    const isFailure = status === 429 || status >= 500;
    const isUnavailable = unavailableStatuses.has(status);
    // An older version may respond to `?ids=` with any other status: a service that cannot respond now says
    // nothing about the parameter. One that has understood it before is in trouble now.
    if (isBatch && !isUnavailable && !(isFailure && hasUnderstoodBatch)) {
      return { existing: none, others: "failed", status, isFailure: false, batchUnsupported: true };
    }
    if (status === 404 && notFound.Check(data)) {
      return { existing: none, others: "unknown", status, isFailure };
    }
    const others = isUnavailable ? "unavailable" : "failed";
    return { existing: none, others, status, isFailure };
  }

  function classifyError(ids: readonly string[], error: unknown, isTimeout: boolean): Attempt {
    const unavailable = { existing: none, others: "unavailable", isFailure: true } as const;
    if (isTimeout) return { ...unavailable, status: "timeout" };
    if (!(error instanceof UnusableResponse)) return { ...unavailable, status: "error", error };
    if (error.isCut) return { ...unavailable, others: "failed", status: "error", error };
    return { ...classify(ids, error.status), error };
  }

  async function askOnce(
    ids: readonly string[],
    ms: number,
    traceparent: string | undefined,
  ): Promise<Attempt> {
    const [first = ""] = ids;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), ms);
    const headers: Record<string, string> = {};
    // Never that of a caller: a call may be for several of them, and order-service may look up any user.
    if (token !== undefined) headers.authorization = token.authorization;
    const request = currentRequest.getStore();
    if (request !== undefined) {
      const { requestId, trace } = request;
      headers["x-request-id"] = requestId;
      headers.traceparent = traceparent ?? trace.traceparent;
      if (trace.tracestate !== undefined) headers.tracestate = trace.tracestate;
    }
    const silence = ms > maxSilenceMs ? setTimeout(address.doubt, maxSilenceMs) : undefined;
    const options = { headers, fetch: { signal: deadline.signal, redirect: "manual" as const } };
    try {
      const result: EdenResult = await (ids.length === 1
        ? client.users({ id: encodeURIComponent(first) }).get(options)
        : client.users.get({ ...options, query: { ids: ids.join(",") } }));
      if (result.response === undefined) throw result.error?.value;
      return classify(ids, result.status, result.error === null ? result.data : result.error.value);
    } catch (error) {
      return classifyError(ids, error, deadline.signal.aborted);
    } finally {
      clearTimeout(timer);
      clearTimeout(silence);
    }
  }

  return {
    async ask(ids, ms, traceparent) {
      const attempt = await askOnce(ids, ms, traceparent);
      // Nothing has responded, or another service, which has got the address that user-service had.
      if (typeof attempt.status === "string" || isMisdirected(attempt)) address.doubt();
      return attempt;
    },
    hasUntriedAddress: address.hasUntriedAddress,
  };
}
