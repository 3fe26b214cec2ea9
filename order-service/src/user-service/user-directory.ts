// Whether a user exists: the only part of order-service that knows user-service.
import type { SpanContext, Tracer } from "@platform/shared/core/tracer";
import type { Logger } from "@platform/shared/telemetry/logger";
import { callSpans } from "./call-spans.ts";
import { circuitBreaker, type CallOutcome } from "./circuit-breaker.ts";
import type { UserServiceMetrics } from "./metrics.ts";
import { batchOrOneByOne } from "./one-by-one.ts";
import { refusedCalls } from "./refused-calls.ts";
import {
  isMisdirected,
  isRefused,
  userClient,
  type Attempt,
  type Transport,
  type UserAnswer,
} from "./user-client.ts";

/**
 * Whether a user exists, or why user-service was not asked. `circuit-open`: it has failed several times
 * in a row; `queue-full`: too many checks wait for it.
 */
export type UserCheck = UserAnswer | "circuit-open" | "queue-full";

/** Checks users. */
export interface UserDirectory {
  /** Whether a user exists; never rejects. @param id a UUID in lower case */
  check(id: string): Promise<UserCheck>;
  /** A check takes no longer, in ms. */
  readonly maxCheckMs: number;
}

interface UserDirectoryParts extends Transport {
  /** The origin of user-service, such as `http://users:8000`. */
  readonly url: string;
  /** The timeout of one attempt; a whole check may take 2.5 times as long. */
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly metrics: UserServiceMetrics;
  /** Undefined: no trace is recorded. */
  readonly tracer?: Tracer | undefined;
  /** Resolves after this many milliseconds. Default: `Bun.sleep`. */
  pause?(ms: number): Promise<void>;
}

/** How long a whole check may take, in timeouts of one attempt. */
const maxCheckTimeouts = 2.5;

/** A 404 of another service, and a refused token, say nothing of user-service's health. */
function outcomeOf(result: Attempt): CallOutcome {
  const { status, isFailure } = result;
  if (isFailure) return "failure";
  const isForeign = status === 404 && isMisdirected(result);
  return isForeign || isRefused(status) ? "inconclusive" : "success";
}

const maxAttempts = 3;
const maxFirstPauseMs = 100;

/** Makes the directory: look-ups are batched, attempts retried, and a circuit breaker guards the calls. */
export function userDirectory({
  url,
  timeoutMs,
  logger,
  metrics,
  tracer,
  pause = Bun.sleep,
  ...transport
}: UserDirectoryParts): UserDirectory {
  const { token } = transport;
  const client = userClient(url, transport);
  const explainRefusal = refusedCalls(logger, token !== undefined);
  const startSpan = tracer && callSpans(tracer, url);
  const maxCheckMs = maxCheckTimeouts * timeoutMs;
  // Where timeouts are short, so are the pauses: there has to be time for a second attempt.
  const firstPauseMs = Math.min(maxFirstPauseMs, timeoutMs / 8);

  /** Counts an attempt, and writes its log line. @param number from 1 */
  function report(result: Attempt, users: number, number: number, durationMs: number): void {
    const { status, isFailure, error } = result;
    metrics.attempted(String(status), durationMs / 1000);
    logger[isFailure || isMisdirected(result) ? "warn" : "info"](
      {
        upstream: "user-service",
        attempt: number,
        ...(users === 1 ? {} : { users }),
        status,
        duration_ms: Math.round(durationMs * 1000) / 1000,
        ...(error === undefined ? {} : { err: error }),
      },
      "call",
    );
  }

  /**
   * Asks until an attempt is no failure, or there are no attempts or no time left. An attempt whose token
   * is refused is repeated once, with what the token's file has by then.
   */
  async function ask(
    ids: readonly string[],
    enqueuedAt: number,
    links: readonly SpanContext[],
  ): Promise<Attempt> {
    const deadline = enqueuedAt + maxCheckMs;
    let mayReadToken = token !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      const maxMs = Math.min(timeoutMs, deadline - startedAt);
      const span = startSpan?.({ ids, attempt, links });
      const result = await client.ask(ids, maxMs, span?.traceparent);
      span?.end(result);
      report(result, ids.length, attempt, performance.now() - startedAt);
      const { status, isFailure } = result;
      const repeatsAtOnce = status === 401 && mayReadToken;
      const pauseMs = repeatsAtOnce ? 0 : firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      // An attempt with less time than this would only turn the status found into a timeout.
      const isTooLate = performance.now() + pauseMs + timeoutMs / 4 > deadline;
      if (repeatsAtOnce && !isTooLate) {
        mayReadToken = false;
        token?.reload();
        continue;
      }
      if (isRefused(status)) explainRefusal(status);
      if (!isFailure || attempt >= maxAttempts || isTooLate) return result;
      await pause(pauseMs);
    }
  }

  const circuit = circuitBreaker({ call: ask, outcomeOf });

  /** What failed at one address says nothing about another: calls to that one need not wait. */
  async function probeNewAddress(): Promise<void> {
    if (await client.hasUntriedAddress()) circuit.allowProbe();
  }

  metrics.reportCircuit(() => circuit.state);
  // Starting later than this leaves less than one attempt before the deadline, and the timeout would
  // count against user-service.
  const maxWaitMs = maxCheckMs - timeoutMs;
  const lookUp = batchOrOneByOne<Attempt, "circuit-open">(circuit.call, maxWaitMs);

  return {
    maxCheckMs,
    async check(id) {
      const result = await lookUp(id, performance.now());
      if (typeof result !== "string") return result.existing.has(id) ? "exists" : result.others;
      if (result === "circuit-open") void probeNewAddress();
      const status = result === "circuit-open" ? "circuit_open" : "queue_full";
      metrics.refused(status);
      logger.warn({ upstream: "user-service", attempt: 0, status, duration_ms: 0 }, "call");
      return result;
    },
  };
}
