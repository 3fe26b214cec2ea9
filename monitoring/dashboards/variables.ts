// What a reader of a dashboard chooses: the data sources, the namespace, the service, the route.
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** The Prometheus that panels and variables ask. */
export const prometheus = { type: "prometheus", uid: "${datasource}" };

/** Selects the series of the chosen namespaces and services. */
export const chosen = 'namespace=~"$namespace",job=~"$job"';

/** A metric that no other program has. */
const ours = "http_requests_in_flight_limit";

const source = (name: string, type: string, label: string) =>
  new DatasourceVariableBuilder(name).label(label).type(type);

/** A choice of any number of values, at first all of them. Grafana sets no `refresh` by itself. */
function labelValues(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(prometheus)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

/** The variables of every dashboard. */
export const common = [
  source("datasource", "prometheus", "Prometheus"),
  // Only a cluster's series have a namespace: `.*` matches those without the label, too.
  labelValues("namespace", "Namespace", `label_values(${ours}, namespace)`).allValue(".*"),
  // "All" is the services by name, so that no other program of the cluster is among them.
  labelValues("job", "Service", `label_values(${ours}{namespace=~"$namespace"}, job)`),
];

/** The route, for panels that show one line for each. */
export const route = labelValues(
  "endpoint",
  "Route",
  `label_values(http_requests_total{${chosen}}, endpoint)`,
).allValue(".*");

/** Where links to traces lead. Without such a data source a dashboard works, but for these links. */
export const traces = source("traces", "jaeger", "Traces");
/** The same of links to logs. */
export const logs = source("logs", "loki", "Logs");
