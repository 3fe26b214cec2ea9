// How user-service is asked over HTTP: for one user, or for many at once.
import { treaty } from "@elysiajs/eden";
import { currentRequest } from "@platform/shared/telemetry/request-context";
import { uuid } from "@platform/shared/schema/uuid";
import type { App } from "@platform/user-service/app";
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { boundedFetch, UnusableResponse, type Fetch } from "./bounded-fetch.ts";

/** What user-service told us, in words that order-service cares about. */
export type UserCheck = "exists" | "unknown" | "unavailable" | "failed";

/** What one try came to: answers, and whether another try could find better ones. */
export interface Attempt {
  /** What is known now of a user who was asked for. */
  answerTo(id: string): UserCheck;
  /** The HTTP status, or what happened instead of one. */
  readonly status: number | "error" | "timeout";
  /** A network fault, a time-out, 429 or 5xx: the call did not work. */
  readonly isFault: boolean;
  /** Why there is no whole answer. */
  readonly error?: unknown;
  /** Whether the answer is to another question: this user-service cannot be asked for many. */
  readonly batchUnsupported?: boolean;
}

/** Asks user-service once; `ms` is what it may take. */
export interface UserClient {
  askFor(id: string, ms: number): Promise<Attempt>;
  askForAll(ids: readonly string[], ms: number): Promise<Attempt>;
}

/** The most users that can be asked for at once. */
export const maxIds = 100;

/** What makes a user one to us. When it came to be is none of our business, and may be told anyhow. */
const aUser = Type.Object({ id: uuid, name: Type.String(), email: Type.String() });
const wellFormedUser = TypeCompiler.Compile(aUser);
const wellFormedUsers = TypeCompiler.Compile(Type.Array(aUser));

/** 429, 503 and 504 tell of a service that cannot answer now; any other fault of one that is broken. */
const unavailableStatuses = new Set([429, 503, 504]);

const always = (answer: UserCheck) => () => answer;

function classify(status: number, isThisUser: boolean): Attempt {
  if (status === 200 && isThisUser) return { answerTo: always("exists"), status, isFault: false };
  if (status === 404) return { answerTo: always("unknown"), status, isFault: false };
  const isFault = status === 429 || status >= 500;
  const answer = unavailableStatuses.has(status) ? "unavailable" : "failed";
  return { answerTo: always(answer), status, isFault };
}

/** What a try that ended without a whole answer came to. */
function classifyError(error: unknown, isTimeout: boolean): Attempt {
  const unavailable = { answerTo: always("unavailable"), isFault: true };
  if (isTimeout) return { ...unavailable, status: "timeout" };
  if (!(error instanceof UnusableResponse)) return { ...unavailable, status: "error", error };
  return error.isCut
    ? { answerTo: always("failed"), status: "error", isFault: true, error }
    : { ...classify(error.status, false), error };
}

/** What a list of users says about those who were asked for; undefined if it is no such list. */
function readList(ids: readonly string[], data: unknown): Attempt["answerTo"] | undefined {
  const asked = new Set(ids);
  // A user-service that does not know the question gives all its users, or refuses it.
  const isList = wellFormedUsers.Check(data) && data.every(({ id }) => asked.has(id));
  if (!isList) return undefined;
  const found = new Set(data.map(({ id }) => id));
  return (id) => (found.has(id) ? "exists" : "unknown");
}

/** What Eden gives, as far as it is needed; its types promise a response that a failed fetch lacks. */
interface Settled {
  readonly data: unknown;
  readonly error: { readonly value: unknown } | null;
  readonly response: Response | undefined;
  readonly status: number;
}

/** @param url the origin of user-service, such as `http://users:8000` */
export function userClient(url: string, fetch: Fetch = globalThis.fetch): UserClient {
  const client = treaty<App>(url, {
    parseDate: false,
    fetcher: boundedFetch(fetch) as typeof globalThis.fetch,
    headers: () => {
      const request = currentRequest();
      if (!request) return {};
      const { traceparent, tracestate } = request.trace;
      return {
        "x-request-id": request.requestId,
        traceparent,
        ...(tracestate === undefined ? {} : { tracestate }),
      };
    },
  });

  let answersLists = false;

  async function ask(
    ms: number,
    send: (options: { fetch: RequestInit }) => Promise<Settled>,
    read: (status: number, data: unknown) => Attempt,
  ): Promise<Attempt> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), ms);
    try {
      const options = { fetch: { signal: deadline.signal, redirect: "manual" as const } };
      const { data, error, response, status } = await send(options);
      if (response === undefined) return classifyError(error?.value, deadline.signal.aborted);
      return read(status, data);
    } catch (error) {
      return classifyError(error, deadline.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    askFor: (id, ms) =>
      ask(
        ms,
        (options) => client.users({ id: encodeURIComponent(id) }).get(options),
        (status, data) => classify(status, wellFormedUser.Check(data) && data.id === id),
      ),
    async askForAll(ids, ms) {
      let isList = false;
      const result = await ask(
        ms,
        (options) => client.users.get({ ...options, query: { ids: ids.join(",") } }),
        (status, data) => {
          const answerTo = status === 200 ? readList(ids, data) : undefined;
          if (answerTo === undefined) return classify(status, false);
          isList = answersLists = true;
          return { answerTo, status, isFault: false };
        },
      );
      // Whoever has answered this before is in trouble now, as is who gives no answer at all.
      const isTrouble = typeof result.status !== "number" || (answersLists && result.isFault);
      return isList || isTrouble ? result : { ...result, isFault: false, batchUnsupported: true };
    },
  };
}
