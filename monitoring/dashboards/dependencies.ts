// The dashboard of causes: what the services wait for.
import { dashboardOf } from "./dashboard.ts";
import { ofService } from "./links.ts";
import { graph, states } from "./panels.ts";
import { perSecond, quantile } from "./queries.ts";
import { chosen, common, logs } from "./variables.ts";

const perProcess = "{{job}} {{instance}} {{pod}}";

/** The dashboard. */
export const dependencies = () =>
  dashboardOf("Platform: dependencies", {
    uid: "platform-dependencies",
    about:
      "Calls between services, storage, and the process: what a slow or failing route waits for.",
    variables: [...common, logs],
    rows: {
      "Calls to other services": [
        graph("Calls by status", {
          about:
            "Attempts, so a call that is repeated counts twice. circuit_open, queue_full: refused without a call.",
          queries: {
            "{{job}} to {{service}}: {{status}}": perSecond(
              "external_service_calls_total",
              "job, service, status",
            ),
          },
          unit: "reqps",
          links: ofService,
          width: 8,
        }),
        graph("Latency of calls", {
          about:
            "Beside the latency that the called service measures: the difference is its event loop lag, the network, or a queue.",
          queries: {
            "{{job}} to {{service}} p50": quantile(
              0.5,
              "external_service_duration_seconds",
              "job, service",
            ),
            "{{job}} to {{service}} p99": quantile(
              0.99,
              "external_service_duration_seconds",
              "job, service",
            ),
            "{{job}}'s own p99": quantile(
              0.99,
              "http_request_duration_seconds",
              "job",
              'namespace=~"$namespace",job="user-service"',
            ),
          },
          unit: "s",
          width: 8,
        }),
        states(
          "Circuit",
          { "0": ["closed", "green"], "1": ["half open", "orange"], "2": ["open", "red"] },
          {
            about: "Open: what needs the other service is refused at once.",
            queries: { "{{job}} {{instance}} to {{service}}": `circuit_state{${chosen}}` },
            width: 8,
          },
        ),
      ],
      Storage: [
        graph("Refused by the storage", {
          about:
            "full: make room. busy: find the process that holds the lock. gone: put the file back. unreachable, interrupted: see the server.",
          queries: { "{{job}} {{reason}}": perSecond("storage_refused_total", "job, reason") },
          unit: "reqps",
          links: ofService,
          width: 8,
        }),
        graph("Failed commits", {
          about:
            "io: the disk. damaged: restore. full: make room. interrupted: the server ended the session.",
          queries: {
            "{{job}} {{reason}}": perSecond("storage_commit_failures_total", "job, reason"),
          },
          unit: "ops",
          links: ofService,
          width: 8,
        }),
        graph("Lock waits", {
          about:
            "SQLite: writes that waited for another process. PostgreSQL: statements that gave up waiting.",
          queries: { "{{job}}": perSecond("storage_busy_total", "job") },
          unit: "ops",
          width: 8,
        }),
        graph("Commit latency", {
          about: "From the begin of a transaction to the disk, or the server.",
          queries: {
            "{{job}} p50": quantile(0.5, "storage_commit_duration_seconds", "job"),
            "{{job}} p99": quantile(0.99, "storage_commit_duration_seconds", "job"),
          },
          unit: "s",
          width: 8,
        }),
        graph("Wait for the storage", {
          about: "Before the work begins: for a batch, a lock or a session.",
          queries: {
            "{{job}} p50": quantile(0.5, "storage_wait_seconds", "job"),
            "{{job}} p99": quantile(0.99, "storage_wait_seconds", "job"),
          },
          unit: "s",
          width: 8,
        }),
        graph("Queue", {
          about: "What waits now, in each process.",
          queries: { [perProcess]: `storage_queue_length{${chosen}}` },
          width: 8,
        }),
        graph("Writes per commit", {
          about: "Grows with the load, which is good; 256 is the most.",
          queries: {
            "{{job}}": `${perSecond("storage_commit_batch_size_sum", "job")} / ${perSecond("storage_commit_batch_size_count", "job")}`,
          },
          width: 8,
        }),
        graph("Database size", {
          about:
            "SQLite's file and the WAL beside it. A WAL far above 64 MB: a process reads for minutes.",
          queries: {
            "{{job}}": `max by (job) (storage_database_bytes{${chosen}})`,
            "{{job}} WAL": `max by (job) (storage_wal_bytes{${chosen}})`,
          },
          unit: "bytes",
          width: 8,
        }),
        graph("Free space", {
          about: "What the service may still write to the disk of its SQLite file.",
          queries: { "{{job}}": `min by (job) (storage_free_bytes{${chosen}})` },
          unit: "bytes",
          width: 4,
        }),
        graph("Age of the last backup", {
          about: "Of those that the service's own commands made.",
          queries: {
            "{{job}}": `time() - max by (job) (backup_last_success_timestamp_seconds{${chosen}})`,
          },
          unit: "s",
          width: 4,
        }),
      ],
      "PostgreSQL's sessions": [
        graph("Sessions", {
          about: "Of all replicas. If all are in use, requests wait for one.",
          queries: {
            "{{job}} {{state}}": `sum by (job, state) (db_client_connection_count{${chosen}})`,
            "{{job}} at most": `sum by (job) (db_client_connection_max{${chosen}})`,
          },
        }),
        graph("Statements that wait for a session", {
          about: "Above 0 for long: the server is slow, or the pool too small.",
          queries: {
            "{{job}} waiting": `sum by (job) (db_client_connection_pending_requests{${chosen}})`,
            "{{job}} gave up, per second": perSecond("db_client_connection_timeouts_total", "job"),
          },
        }),
      ],
      Process: [
        graph("CPU", {
          about: "A process uses one core for its requests: near 1, add a replica.",
          queries: { [perProcess]: `rate(process_cpu_seconds_total{${chosen}}[$__rate_interval])` },
          limits: { warn: 0.7, bad: 0.85 },
          width: 8,
        }),
        graph("Event loop lag", {
          about:
            "How long a request may wait before the process gets to it (p99 since the last scrape).",
          queries: { [perProcess]: `nodejs_eventloop_lag_p99_seconds{${chosen}}` },
          unit: "s",
          width: 8,
        }),
        graph("Memory", {
          about: "RSS, of which some 46 MB are the executable itself.",
          queries: { [perProcess]: `process_resident_memory_bytes{${chosen}}` },
          unit: "bytes",
          width: 8,
        }),
        graph("File descriptors", {
          about:
            "The part of the limit that is in use. From 87 % on, each response ends its connection.",
          queries: {
            [perProcess]: `process_open_fds{${chosen}} / process_max_fds{${chosen}}`,
            [`${perProcess} short`]: `rate(file_descriptors_short_seconds_total{${chosen}}[$__rate_interval])`,
          },
          unit: "percentunit",
          max: 1,
          width: 8,
        }),
        graph("Uptime", {
          about: "A line that falls to 0 again and again is a process that crashes.",
          queries: { [perProcess]: `time() - process_start_time_seconds{${chosen}}` },
          unit: "s",
          width: 8,
        }),
        graph("Spans dropped", {
          about:
            "Where traces are recorded, per second. not-accepted: the collector is away or refuses. queue-full: it is too slow. shutdown: the process ended first.",
          queries: {
            "{{job}} {{reason}}": perSecond("tracing_spans_dropped_total", "job, reason"),
          },
          width: 8,
        }),
        graph("Answers Prometheus", {
          about: "0: the process is down, frozen or cannot be reached.",
          queries: { [perProcess]: `up{${chosen}}` },
          max: 1,
          width: 8,
        }),
      ],
    },
  });
