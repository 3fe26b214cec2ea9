// Links from a line of a panel to the traces and the log lines of its service and route.
import { DashboardLinkBuilder } from "@grafana/grafana-foundation-sdk/dashboard";

/** A link to Grafana's Explore. Grafana replaces `${…}` when it is clicked. */
function explore(title: string, datasource: string, type: string, query: object) {
  const uid = `\${${datasource}}`;
  const pane = {
    datasource: uid,
    queries: [{ refId: "A", datasource: { type, uid }, ...query }],
    range: { from: "${__from}", to: "${__to}" },
  };
  const panes = encodeURIComponent(JSON.stringify({ pane })).replaceAll(
    /%24%7B([\w.]+)%7D/g,
    "$${$1}",
  );
  return new DashboardLinkBuilder(title)
    .url(`/explore?schemaVersion=1&panes=${panes}`)
    .targetBlank(true);
}

const job = "${__field.labels.job}";
const method = "${__field.labels.method}";
const endpoint = "${__field.labels.endpoint}";

/** Links for lines with the labels job, method and endpoint. */
export const ofRoute = [
  explore("Traces of this route", "traces", "jaeger", {
    queryType: "search",
    service: job,
    operation: `${method} ${endpoint}`,
  }),
  explore("Log lines of this route", "logs", "loki", {
    expr: `{service="${job}"} | json | method="${method}" | route="${endpoint}"`,
  }),
];

/** Links for lines with the label job. */
export const ofService = [
  explore("Warnings and errors in the log", "logs", "loki", {
    expr: `{service="${job}"} | json | level=~"warn|error|fatal"`,
  }),
];
