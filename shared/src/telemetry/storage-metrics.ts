// The metrics of the storage, on each engine.
import {
  commitFailures,
  type FileFacts,
  type SessionCounts,
  type StorageObserver,
} from "../core/storage.ts";
import { latencyBuckets } from "./latency-buckets.ts";
import { counter, gauge, Gauge, histogram, type Registry } from "./prometheus.ts";

const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Makes the metrics of a storage. Those of a file or of sessions appear once it has them. */
export function storageMetrics(registry: Registry): StorageObserver {
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
