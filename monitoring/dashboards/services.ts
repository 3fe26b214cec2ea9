// The first dashboard to open: whether users get what was promised, and which route fails or is slow.
import { dashboardOf } from "./dashboard.ts";
import { ofRoute, ofService } from "./links.ts";
import { graph, number, states } from "./panels.ts";
import { perSecond, quantile } from "./queries.ts";
import { chosen, common, logs, route, traces } from "./variables.ts";

/** The parts of requests that may fail and be slow; rules/slo.rules.yaml has the same. */
const budget = { failed: 0.001, slow: 0.01 };

const ofRoutes = `${chosen},endpoint=~"$endpoint"`;
const perRoute = "{{method}} {{endpoint}}";

const failed = `
  sum by (job) (increase(http_requests_total{${chosen},status=~"5.."}[$__range]))
  / sum by (job) (increase(http_requests_total{${chosen}}[$__range]))`;
const slow = `
  (1 - sum by (job) (
    increase(http_request_duration_seconds_bucket{${chosen},method="GET",le="0.1"}[$__range])
    or increase(http_request_duration_seconds_bucket{${chosen},method!="GET",le="0.25"}[$__range])
  )
  / sum by (job) (increase(http_request_duration_seconds_count{${chosen}}[$__range])))`;

const duration = "http_request_duration_seconds";

const burn = (kind: "failed" | "slow", window: string) =>
  `namespace_job:http_requests_${kind}:ratio_rate${window}{${chosen}} / ${budget[kind]}`;

const burnRates = (kind: "failed" | "slow") =>
  graph(`Burn rate of the ${kind === "failed" ? "error" : "latency"} budget`, {
    about:
      "1 uses up the budget in 30 days, 14.4 in two days. An alert pages while 1h and 5m are above 14.4, or 6h and 30m above 6.",
    queries: {
      "{{job}} 5m": burn(kind, "5m"),
      "{{job}} 1h": burn(kind, "1h"),
      "{{job}} 6h": burn(kind, "6h"),
    },
    limits: { warn: 6, bad: 14.4 },
    width: 8,
  });

/** The dashboard. */
export const services = () =>
  dashboardOf("Platform: services", {
    uid: "platform-services",
    about: "Objectives, and requests by route: rate, errors, duration.",
    variables: [...common, route, traces, logs],
    rows: {
      Objectives: [
        number("Answered without a 5xx", {
          about: "In the time range shown; the objective is 99.9 %.",
          queries: { "{{job}}": `1 - ${failed}` },
          unit: "percentunit",
          limits: { warn: 0.9995, bad: 1 - budget.failed },
          width: 6,
        }),
        number("Error budget left", {
          about: "Of the time range shown: 100 % without a failure, below 0 when it is overspent.",
          queries: { "{{job}}": `1 - ${failed} / ${budget.failed}` },
          unit: "percentunit",
          limits: { warn: 0.5, bad: 0 },
          width: 6,
        }),
        number("Answered in time", {
          about:
            "GET within 100 ms, others within 250 ms, in the time range shown; the objective is 99 %.",
          queries: { "{{job}}": `1 - ${slow}` },
          unit: "percentunit",
          limits: { warn: 0.995, bad: 1 - budget.slow },
          width: 6,
        }),
        number("Latency budget left", {
          about:
            "Of the time range shown: 100 % if nothing was slow, below 0 when it is overspent.",
          queries: { "{{job}}": `1 - ${slow} / ${budget.slow}` },
          unit: "percentunit",
          limits: { warn: 0.5, bad: 0 },
          width: 6,
        }),
        burnRates("failed"),
        burnRates("slow"),
        states(
          "Alerts",
          { "1": ["active", "red"] },
          {
            about: "Each leads to its runbook in Prometheus, under Alerts.",
            queries: { "{{alertname}} {{job}} ({{alertstate}})": `ALERTS{${chosen}}` },
            width: 8,
          },
        ),
      ],
      Requests: [
        graph("Requests by route", {
          about: "Without management routes such as /ready.",
          queries: {
            [perRoute]: perSecond("http_requests_total", "job, method, endpoint", ofRoutes),
          },
          unit: "reqps",
          links: ofRoute,
          isStacked: true,
        }),
        graph("Failures by route (5xx)", {
          about:
            "503: see the refusals below, and the log, which has the reason. 502: user-service. 500: our own.",
          queries: {
            [`{{status}} ${perRoute}`]: perSecond(
              "http_requests_total",
              "job, method, endpoint, status",
              `${ofRoutes},status=~"5.."`,
            ),
          },
          unit: "reqps",
          links: ofRoute,
        }),
        graph("Latency by route (p99)", {
          about:
            "Look at the failures beside it: a refusal is fast, and makes this look better than it is.",
          queries: { [perRoute]: quantile(0.99, duration, "job, method, endpoint", ofRoutes) },
          unit: "s",
          links: ofRoute,
        }),
        graph("Client errors by route (4xx)", {
          about:
            "A sudden growth is a client that has changed, or a version of ours that refuses more.",
          queries: {
            [`{{status}} ${perRoute}`]: perSecond(
              "http_requests_total",
              "job, method, endpoint, status",
              `${ofRoutes},status=~"4.."`,
            ),
          },
          unit: "reqps",
          links: ofRoute,
        }),
        graph("Latency by service", {
          about: "What most requests (p50) and the slowest (p99) take.",
          queries: {
            "{{job}} p50": quantile(0.5, duration, "job"),
            "{{job}} p95": quantile(0.95, duration, "job"),
            "{{job}} p99": quantile(0.99, duration, "job"),
          },
          unit: "s",
          links: ofService,
        }),
      ],
      Saturation: [
        graph("In flight", {
          about: "Of each process, and the limit beyond which it sheds requests.",
          queries: {
            "{{job}} {{instance}}": `http_requests_in_flight{${chosen}}`,
            "limit of {{job}}": `max by (job) (http_requests_in_flight_limit{${chosen}})`,
          },
          width: 8,
        }),
        graph("Refused to protect the service", {
          about:
            "in-flight-limit: more comes in than goes out. body-memory: large bodies arrive together.",
          queries: {
            "{{job}} {{reason}}": perSecond("http_requests_shed_total", "job, reason"),
          },
          unit: "reqps",
          links: ofService,
          width: 8,
        }),
        graph("Clients that left", {
          about: "Before the response came: their time-out is shorter than the latency.",
          queries: {
            "{{job}}": perSecond("http_requests_aborted_total", "job"),
          },
          unit: "reqps",
          links: ofService,
          width: 8,
        }),
        states(
          "Readiness",
          { "0": ["not ready", "red"], "1": ["ready", "green"] },
          {
            about: "/ready of each process says why it is not ready.",
            queries: { "{{job}} {{instance}} {{pod}}": `service_ready{${chosen}}` },
          },
        ),
        states(
          "Versions",
          { "1": ["runs", "blue"] },
          {
            about: "Two versions of a service run side by side during a rollout.",
            queries: {
              "{{job}} {{version}} {{commit}}": `max by (job, version, commit) (build_info{${chosen}})`,
            },
          },
        ),
      ],
    },
  });
