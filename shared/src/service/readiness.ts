// Whether requests can be served, and the log lines by which an operator learns that they cannot.
import type { Lifecycle } from "../core/lifecycle.ts";
import { StorageUnavailable, type Storage } from "../core/storage.ts";
import { storageLogReason } from "../telemetry/http-metrics.ts";
import type { Logger } from "../telemetry/logger.ts";

/** Why requests cannot be served now. */
export interface Obstacle {
  readonly status: string;
  readonly reason: string;
  /** The `reason` in the log. */
  readonly logReason: string;
  /** What the storage failed with, if that is none of its known reasons; for the log. */
  readonly error?: unknown;
}

/** Finds out why requests cannot be served now; undefined if they can. */
export type FindObstacle = () => Promise<Obstacle | undefined>;

interface ReadinessParts {
  readonly lifecycle: Lifecycle;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly storage: Pick<Storage, "ping">;
}

/** The storage itself logs that its server is away, and that it is back. */
const loggedByStorage = storageLogReason("unreachable");

/** What a rejection of the storage means for requests. */
function toObstacle(error: unknown): Obstacle {
  const obstacle = { status: "unavailable", reason: "The storage does not respond" };
  return error instanceof StorageUnavailable
    ? { ...obstacle, logReason: storageLogReason(error.reason) }
    : { ...obstacle, logReason: "storage-unavailable", error };
}

/**
 * Makes the check behind `/ready` and the metric `service_ready`. However often it is called, it logs
 * one line when the storage fails for another reason than before, and one when it works again. An
 * unknown error is in the line of each `/ready` request instead, with its stack.
 */
export function readinessCheck({ lifecycle, logger, storage }: ReadinessParts): FindObstacle {
  let reason: string | undefined;

  function logChange(obstacle: Obstacle | undefined): void {
    const before = reason;
    reason = obstacle?.logReason;
    if (reason === before) return;
    if (obstacle === undefined) {
      if (before !== loggedByStorage) logger.info("storage can be used again");
    } else if (reason !== loggedByStorage && obstacle.error === undefined) {
      logger.warn({ reason }, "storage cannot be used");
    }
  }

  return async () => {
    const { phase } = lifecycle;
    if (phase === "starting") {
      return { status: phase, reason: "The service has not started yet", logReason: phase };
    }
    if (phase === "draining") {
      return { status: phase, reason: "The service is shutting down", logReason: phase };
    }
    const obstacle = await storage.ping().then(() => undefined, toObstacle);
    logChange(obstacle);
    return obstacle;
  };
}
