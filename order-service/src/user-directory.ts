// The one place that knows user-service: whether a user exists, asked over HTTP.
import { treaty } from "@elysiajs/eden";
import type { Logger } from "@platform/shared/logger";
import { currentRequest } from "@platform/shared/request-context";
import { uuid } from "@platform/shared/uuid";
import type { App } from "@platform/user-service/app";
import { Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { boundedFetch, UselessAnswer, type Fetch } from "./bounded-fetch.ts";
import { slots } from "./slots.ts";
import { userCircuit } from "./user-circuit.ts";
import type { UserServiceMetrics } from "./user-service-metrics.ts";

/** What user-service told us, in words that order-service cares about. */
export type UserAnswer = "exists" | "unknown" | "unavailable" | "failed";

/** Who can be asked for users. */
export interface UserDirectory {
  /** Whether a user exists; never rejects. @param id a UUID in lower case */
  look(id: string): Promise<UserAnswer>;
}

interface UserDirectoryParts {
  /** The origin of user-service, such as `http://users:8000`. */
  readonly url: string;
  /** What one try may take; the whole call may take 2.5 times that. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics: UserServiceMetrics;
  readonly fetch?: Fetch;
}

/** What one try came to: an answer, and whether another try could find a better one. */
interface Try {
  readonly answer: UserAnswer;
  /** The HTTP status, or what happened instead of one. */
  readonly status: number | "error" | "timeout";
  /** A network fault, a time-out, 429 or 5xx: the call did not work. */
  readonly isFault: boolean;
  /** Why there is no whole answer. */
  readonly error?: unknown;
}

/** What a whole call may take, given what one try may. */
export function slowestCallMs(tryMs: number): number {
  return 2.5 * tryMs;
}

const mostTries = 3;
const longestFirstPauseMs = 100;

/**
 * Bun's fetch has 256 requests under way in a process and queues the rest. Time in a queue of our own
 * is not held against user-service.
 */
const mostAtOnce = 250;

/** What makes a user one to us. When it came to be is none of our business, and may be told anyhow. */
const wellFormedUser = TypeCompiler.Compile(
  Type.Object({ id: uuid, name: Type.String(), email: Type.String() }),
);

/** 429, 503 and 504 tell of a service that cannot answer now; any other fault of one that is broken. */
const unavailableStatuses = new Set([429, 503, 504]);

function classify(status: number, isThisUser: boolean): Try {
  if (status === 200 && isThisUser) return { answer: "exists", status, isFault: false };
  if (status === 404) return { answer: "unknown", status, isFault: false };
  const isFault = status === 429 || status >= 500;
  return { answer: unavailableStatuses.has(status) ? "unavailable" : "failed", status, isFault };
}

/** What a try that ended without a whole answer came to. */
function classifyError(error: unknown, isTimeout: boolean): Try {
  if (isTimeout) return { answer: "unavailable", status: "timeout", isFault: true };
  if (!(error instanceof UselessAnswer)) {
    return { answer: "unavailable", status: "error", isFault: true, error };
  }
  return error.isCut
    ? { answer: "failed", status: "error", isFault: true, error }
    : { ...classify(error.status, false), error };
}

/** Makes the directory. Its circuit breaker opens after calls that failed, whoever made them. */
export function userDirectory({
  url,
  timeoutMs,
  logger,
  metrics,
  fetch = globalThis.fetch,
}: UserDirectoryParts): UserDirectory {
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

  const places = slots(mostAtOnce);
  // Where tries are short, so are the pauses: there has to be time for a second one.
  const firstPauseMs = Math.min(longestFirstPauseMs, timeoutMs / 8);
  const circuit = userCircuit<Try>({ isFault: (result) => result.isFault });
  metrics.reportCircuit(() => circuit.state);

  /** Asks once; `ms` is what it may take. */
  async function ask(id: string, ms: number): Promise<Try> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), ms);
    try {
      const { data, error, response, status } = await client
        .users({ id: encodeURIComponent(id) })
        .get({ fetch: { signal: deadline.signal, redirect: "manual" } });
      // Eden's types promise a response, which it does not have if fetch failed.
      if ((response as Response | undefined) === undefined) {
        return classifyError(error?.value, deadline.signal.aborted);
      }
      return classify(status, wellFormedUser.Check(data) && data.id === id);
    } catch (error) {
      return classifyError(error, deadline.signal.aborted);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks until there is an answer, or no time or no try is left. */
  async function askWithRetries(id: string, endsAt: number): Promise<Try> {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      const result = await ask(id, Math.min(timeoutMs, endsAt - startedAt));
      const durationMs = performance.now() - startedAt;
      const { status, isFault, error } = result;
      metrics.tried(String(status), durationMs / 1000);
      logger[isFault ? "warn" : "info"](
        {
          upstream: "user-service",
          attempt,
          status,
          duration_ms: Math.round(durationMs * 1000) / 1000,
          ...(error === undefined ? {} : { err: error }),
        },
        "call",
      );
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      // A try that is given next to no time would only turn an answer into a time-out.
      const isTooLate = performance.now() + pauseMs + timeoutMs / 4 > endsAt;
      if (!isFault || attempt === mostTries || isTooLate) return result;
      await Bun.sleep(pauseMs);
    }
  }

  /** Logs a call that was not made: there is no attempt to tell of. */
  function refuse(status: "circuit_open" | "queue_full"): UserAnswer {
    logger.warn({ upstream: "user-service", attempt: 0, status, duration_ms: 0 }, "call");
    return "unavailable";
  }

  return {
    async look(id) {
      const wholeMs = slowestCallMs(timeoutMs);
      const endsAt = performance.now() + wholeMs;
      // Who gets a place any later has no whole try left, and its end would be user-service's fault.
      if (!(await places.take(wholeMs - timeoutMs))) return refuse("queue_full");
      try {
        const result = await circuit.run(() => askWithRetries(id, endsAt));
        if (result !== undefined) return result.answer;
        metrics.rejected();
        return refuse("circuit_open");
      } finally {
        places.give();
      }
    },
  };
}
