// The metrics that every service has. Names and labels are part of the wire contract.
import {
  commitFailures,
  unavailableReasons,
  type FileFacts,
  type SessionCounts,
  type StorageObserver,
  type StorageUnavailable,
} from "../core/storage.ts";
import {
  counter,
  gauge,
  Gauge,
  histogram,
  Registry,
  type CounterSeries,
  type HistogramSeries,
} from "./prometheus.ts";

/** A service's metrics: the registry that `/metrics` prints, and the observers that fill it. */
export interface ServiceMetrics {
  readonly registry: Registry;
  readonly http: HttpMetrics;
  readonly storage: StorageObserver;
  /** Registers the gauge of readiness; `isReady` is called when metrics are scraped. */
  watchReadiness(isReady: () => Promise<boolean>): void;
}

/** Observes requests. */
export type HttpMetrics = ReturnType<typeof httpMetrics>;

/**
 * Upper bounds in seconds, from a read in memory to a call that ran into its deadline. There is one
 * below and one above each default deadline, of 2 and of 5 s.
 */
export const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3, 5, 6, 10,
];
const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Why load shedding refused a request: too many were in flight, or bodies took too much memory. */
export type ShedReason = (typeof shedReasons)[number];
const shedReasons = ["in-flight-limit", "body-memory"] as const;

/**
 * The word in the log for a request that the storage refused. The metric has `reason` alone, since its
 * name says storage.
 */
export function storageRefusal(reason: StorageUnavailable["reason"]): string {
  return `storage-${reason}`;
}

/**
 * The methods that metrics and spans name: those of RFC 9110 and RFC 5789. Clients may send any word as a
 * method; labels have OTHER for another one.
 */
export const knownMethods: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" "),
);

/** The endpoint of requests that no route matched, in metrics and in the log. */
export const unmatchedRoute = "unmatched";

/** The series of responses to one method of one route with one status. */
interface ResponseSeries {
  readonly responses: CounterSeries;
  readonly duration: HistogramSeries;
}

function httpMetrics(registry: Registry) {
  const requests = counter(registry, {
    name: "http_requests_total",
    help: "Requests served, by method, route template and status",
  });
  const durations = histogram(
    registry,
    {
      name: "http_request_duration_seconds",
      help: "Time from a request's arrival to its response, unless it was shed",
    },
    latencyBuckets,
  );
  const shortage = counter(registry, {
    name: "file_descriptors_short_seconds_total",
    help: "Seconds in which few file descriptors were free, so that responses ended connections",
  })();
  const aborted = counter(registry, {
    name: "http_requests_aborted_total",
    help: "Requests of 10 ms or more whose client had left before the response",
  })();
  const shedTotal = counter(registry, {
    name: "http_requests_shed_total",
    help: "Requests refused to protect the service, by reason",
  });
  const refusedTotal = counter(registry, {
    name: "storage_refused_total",
    help: "Requests refused because the storage could not work, by reason",
  });
  const shed = new Map<string, CounterSeries>(
    shedReasons.map((reason) => [reason, shedTotal({ reason })]),
  );
  const refusedByStorage = new Map(
    unavailableReasons.map((reason) => [storageRefusal(reason), refusedTotal({ reason })]),
  );
  // By endpoint, method and status. Three look-ups take less time than one key put together of them.
  const responseSeries = new Map<string, Map<string, Map<number, ResponseSeries>>>();

  function seriesOf(method: string, endpoint: string, status: number): ResponseSeries {
    const known = responseSeries.get(endpoint)?.get(method)?.get(status);
    if (known !== undefined) return known;
    const byMethod = responseSeries.getOrInsertComputed(endpoint, () => new Map());
    const byStatus = byMethod.getOrInsertComputed(method, () => new Map());
    const made = {
      responses: requests({ method, endpoint, status: String(status) }),
      duration: durations({ method, endpoint }),
    };
    byStatus.set(status, made);
    return made;
  }

  return {
    /** Adds seconds in which file descriptors were short. */
    shortOfDescriptors(seconds: number): void {
      shortage.add(seconds);
    },
    /** Makes the series of responses with these statuses, before there is one. */
    startAtZero(method: string, endpoint: string, statuses: readonly number[]): void {
      for (const status of statuses) seriesOf(method, endpoint, status);
    },
    /** Registers the gauges of requests in flight; `count` is called when metrics are scraped. */
    watchInFlight(count: () => number, limit: number): void {
      gauge(
        registry,
        {
          name: "http_requests_in_flight",
          help: "Requests in flight, without those to management routes",
        },
        count,
      );
      gauge(
        registry,
        {
          name: "http_requests_in_flight_limit",
          help: "Requests that may be in flight; further ones are shed",
        },
        () => limit,
      );
    },
    /** Counts a request whose client had left before the response; it is counted as a response too. */
    aborted: () => aborted.add(),
    /**
     * Counts a response.
     *
     * @param endpoint a route template; undefined if no route matched
     * @param refusal why the request was refused, if it was. Shed requests are not timed: load shedding
     * delays their responses on purpose
     */
    responded(
      sentMethod: string,
      endpoint: string | undefined,
      status: number,
      seconds: number,
      refusal?: string,
    ): void {
      const method = knownMethods.has(sentMethod) ? sentMethod : "OTHER";
      const known = seriesOf(method, endpoint ?? unmatchedRoute, status);
      known.responses.add();
      const shedSeries = refusal === undefined ? undefined : shed.get(refusal);
      if (shedSeries !== undefined) return shedSeries.add();
      known.duration.observe(seconds);
      if (refusal !== undefined) refusedByStorage.get(refusal)?.add();
    },
  };
}

function storageMetrics(registry: Registry): StorageObserver {
  const durations = histogram(
    registry,
    {
      name: "storage_commit_duration_seconds",
      help: "Time from the begin of a transaction to its end on disk",
    },
    latencyBuckets,
  )();
  const batches = histogram(
    registry,
    { name: "storage_commit_batch_size", help: "Writes committed together" },
    batchBuckets,
  )();
  const busy = counter(registry, {
    name: "storage_busy_total",
    help: "Times that a write had to wait for the lock of another process",
  })();
  const waits = histogram(
    registry,
    {
      name: "storage_wait_seconds",
      help: "Time that writes, on PostgreSQL also reads, waited for their turn in the storage",
    },
    latencyBuckets,
  )();
  const failures = counter(registry, {
    name: "storage_commit_failures_total",
    help: "Transactions that had begun and were not committed, by reason",
  });
  const failuresByReason = new Map(commitFailures.map((reason) => [reason, failures({ reason })]));
  const queues: (() => number)[] = [];
  gauge(
    registry,
    { name: "storage_queue_length", help: "Writes, on PostgreSQL also reads, that wait" },
    () => queues.reduce((sum, length) => sum + length(), 0),
  );
  return {
    waited: waits.observe,
    committed(durationSeconds, writes) {
      durations.observe(durationSeconds);
      batches.observe(writes);
    },
    commitFailed: (reason) => failuresByReason.get(reason)?.add(),
    watchQueue: (length) => void queues.push(length),
    lockWaited: () => busy.add(),
    watchFile: (facts) => fileMetrics(registry, facts),
    watchSessions: (count) => sessionMetrics(registry, count),
  };
}

/** The file of a database. What cannot be read has no value. */
function fileMetrics(registry: Registry, facts: FileFacts): void {
  const families = [
    ["storage_database_bytes", "Size of the database's file", facts.databaseBytes],
    ["storage_wal_bytes", "Size of the log of commits beside it", facts.walBytes],
    ["storage_free_bytes", "Free space on the disk of the database", facts.freeBytes],
    [
      "backup_last_success_timestamp_seconds",
      "When a command of this program last made a backup, in Unix time",
      facts.backedUpAt,
    ],
  ] as const;
  for (const [name, help, read] of families) gauge(registry, { name, help }, read);
}

/**
 * The sessions with a database server, named by OpenTelemetry's conventions for the metrics of
 * database clients (https://opentelemetry.io/docs/specs/semconv/db/database-metrics/).
 */
function sessionMetrics(registry: Registry, count: () => SessionCounts): () => void {
  new Gauge({
    name: "db_client_connection_count",
    help: "Open sessions with the database server, by state",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const { open, used } = count();
      this.set({ state: "used" }, used);
      this.set({ state: "idle" }, Math.max(0, open - used));
    },
  });
  gauge(
    registry,
    { name: "db_client_connection_max", help: "Sessions that this process may have at once" },
    () => count().max,
  );
  gauge(
    registry,
    { name: "db_client_connection_pending_requests", help: "Statements that wait for a session" },
    () => count().waiting,
  );
  const timeouts = counter(registry, {
    name: "db_client_connection_timeouts_total",
    help: "Statements that got no session in time",
  })();
  return () => timeouts.add();
}

type BuildLabels = Readonly<Record<"service" | "version" | "commit", string>>;

/** Makes the metrics of one service. None is global, so that two services can run in one process. */
export function createMetrics(build: BuildLabels): ServiceMetrics {
  const registry = new Registry();
  new Gauge({
    name: "build_info",
    help: "Which build this is; always 1",
    labelNames: ["service", "version", "commit"],
    registers: [registry],
  }).set(build, 1);
  return {
    registry,
    http: httpMetrics(registry),
    storage: storageMetrics(registry),
    watchReadiness: (isReady) =>
      gauge(
        registry,
        { name: "service_ready", help: "1 if requests can be served, as /ready says; else 0" },
        async () => Number(await isReady()),
        0,
      ),
  };
}
