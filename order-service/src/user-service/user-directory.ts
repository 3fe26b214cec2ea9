// The one place that knows user-service: whether a user exists, asked over HTTP.
import type { Logger } from "@platform/shared/telemetry/logger";
import type { Fetch } from "./bounded-fetch.ts";
import { batchCalls } from "./call-batcher.ts";
import { circuitBreaker } from "./circuit-breaker.ts";
import { maxIds, userClient, type Attempt, type UserCheck } from "./user-client.ts";
import type { UserServiceMetrics } from "./metrics.ts";

export type { UserCheck } from "./user-client.ts";

/** Who can be asked for users. */
export interface UserDirectory {
  /** Whether a user exists; never rejects. @param id a UUID in lower case */
  check(id: string): Promise<UserCheck>;
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

/** What a whole call may take, given what one try may. */
export function maxCallMs(tryMs: number): number {
  return 2.5 * tryMs;
}

const maxAttempts = 3;
const maxFirstPauseMs = 100;

/** Look-ups beyond so many calls wait, and share the next: a call costs far more than a user in it. */
const mostCalls = 8;

/** Bun's fetch has 256 requests under way in a process; time in its queue would count as a fault. */
const mostSingleCalls = 250;

/** How long a user-service that cannot be asked for many is asked for one by one, in ms. */
const oneByOneMs = 60_000;

/** Makes the directory. Its circuit breaker opens after calls that failed, whoever made them. */
export function userDirectory({
  url,
  timeoutMs,
  logger,
  metrics,
  fetch,
}: UserDirectoryParts): UserDirectory {
  const client = userClient(url, fetch);
  const wholeMs = maxCallMs(timeoutMs);
  // Where tries are short, so are the pauses: there has to be time for a second one.
  const firstPauseMs = Math.min(maxFirstPauseMs, timeoutMs / 8);
  const circuit = circuitBreaker<Attempt>({ isFailure: (result) => result.isFault });
  metrics.reportCircuit(() => circuit.state);

  let oneByOneUntil = -Infinity;
  const isOneByOne = () => performance.now() < oneByOneUntil;

  /** Asks until there is an answer, or no time or no try is left. */
  async function askWithRetries(ids: readonly string[], endsAt: number): Promise<Attempt> {
    const [first = ""] = ids;
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      const ms = Math.min(timeoutMs, endsAt - startedAt);
      const result = await (ids.length === 1
        ? client.askFor(first, ms)
        : client.askForAll(ids, ms));
      const durationMs = performance.now() - startedAt;
      const { status, isFault, error } = result;
      metrics.tried(String(status), durationMs / 1000);
      logger[isFault ? "warn" : "info"](
        {
          upstream: "user-service",
          attempt,
          ...(ids.length === 1 ? {} : { users: ids.length }),
          status,
          duration_ms: Math.round(durationMs * 1000) / 1000,
          ...(error === undefined ? {} : { err: error }),
        },
        "call",
      );
      const pauseMs = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      // A try that is given next to no time would only turn an answer into a time-out.
      const isTooLate = performance.now() + pauseMs + timeoutMs / 4 > endsAt;
      if (!isFault || attempt === maxAttempts || isTooLate) return result;
      await Bun.sleep(pauseMs);
    }
  }

  /** Logs a call that was not made: there is no attempt to tell of. */
  function refuse(status: "circuit_open" | "queue_full"): UserCheck {
    logger.warn({ upstream: "user-service", attempt: 0, status, duration_ms: 0 }, "call");
    return "unavailable";
  }

  const calls = batchCalls<UserCheck>({
    maxCalls: () => (isOneByOne() ? mostSingleCalls : mostCalls),
    maxBatchSize: () => (isOneByOne() ? 1 : maxIds),
    async call(ids, askedAt) {
      const result = await circuit.run(() => askWithRetries(ids, askedAt + wholeMs));
      if (result === "circuit-open") {
        return () => {
          metrics.rejected();
          return refuse("circuit_open");
        };
      }
      if (result.batchUnsupported !== true) return result.answerTo;
      oneByOneUntil = performance.now() + oneByOneMs;
      const answers = new Map(
        await Promise.all(ids.map(async (id) => [id, await ask(id, askedAt)] as const)),
      );
      return (id) => answers.get(id) ?? "failed";
    },
  });

  async function ask(id: string, askedAt: number): Promise<UserCheck> {
    // Who gets a place any later has no whole try left, and its end would be user-service's fault.
    const waitMs = askedAt + wholeMs - timeoutMs - performance.now();
    return (await calls.ask(id, askedAt, waitMs)) ?? refuse("queue_full");
  }

  return { check: (id) => ask(id, performance.now()) };
}
