// components/monitoring and components/tracing, added to the base and to each overlay.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import {
  all,
  everyDelivery,
  k8s,
  monitoredDeliveries,
  only,
  services,
  workload,
  type KubernetesObject,
} from "./manifests.ts";
import { metricsPort, operatorPods } from "./cloudnative-pg.ts";
import { selects, type Labels } from "./selector.ts";
import {
  allows,
  dns,
  incoming,
  nodeDns,
  outgoing,
  prometheus,
  stranger,
  type End,
} from "./traffic.ts";

const collector: End = {
  namespace: "monitoring",
  pod: { "app.kubernetes.io/name": "opentelemetry-collector" },
};

test("without the component a cluster needs no operator for metrics, and no pod may send spans", () => {
  const monitored = new Set(monitoredDeliveries.map(([title]) => title));
  for (const [title, objects] of everyDelivery.filter(([name]) => !monitored.has(name))) {
    const groups = objects.map(({ apiVersion = "" }) => apiVersion.split("/")[0]);
    expect([title, groups]).not.toEqual([title, expect.arrayContaining(["monitoring.coreos.com"])]);
    for (const service of services) {
      expect(allows(outgoing(objects, service), collector, 4318)).toBe(false);
    }
  }
});

describe.each(monitoredDeliveries)("%s", (title, objects) => {
  const [monitor, ...others] = all(objects, "ServiceMonitor");
  const [endpoint, ...otherEndpoints] = monitor?.spec.endpoints ?? [];

  test("Prometheus scrapes both Services and no other, on a port that they have", () => {
    expect(others).toEqual([]);
    const selected = all(objects, "Service").filter(({ metadata }) =>
      selects(monitor?.spec.selector ?? {}, metadata?.labels ?? {}),
    );
    // Rules and dashboards select by `job`, which is the name of the Service.
    expect(selected.map(({ metadata }) => metadata?.name ?? "").sort(inOrder)).toEqual(
      [...services].sort(inOrder),
    );
    for (const { spec } of selected) {
      expect(spec?.ports?.map(({ name }) => name)).toContain(endpoint?.port);
    }
    expect(selects(monitor?.spec.selector ?? {}, stranger.pod)).toBe(false);
  });

  test("the labels of the services' own metrics keep their names", () => {
    expect(otherEndpoints).toEqual([]);
    expect(endpoint).toEqual({ port: "http", path: "/metrics", honorLabels: true });
  });

  test("Prometheus scrapes every instance of every database, and nothing else of the operator", () => {
    const [podMonitor, ...otherMonitors] = all(objects, "PodMonitor");
    expect(otherMonitors).toEqual([]);
    const scrapes = (labels: Labels) => selects(podMonitor?.spec.selector ?? {}, labels);
    const names = all(objects, "Cluster").map(({ metadata }) => metadata.name ?? "");
    expect(names.length > 0).toBe(title.includes("postgres"));
    for (const name of [...names, "users-db-restored"]) {
      const { instance, pooler } = operatorPods(name);
      expect([scrapes(instance), scrapes(pooler)]).toEqual([true, false]);
      // The rules select by `job`, which is the name of the Cluster.
      expect(instance).toHaveProperty([podMonitor?.spec.jobLabel ?? ""], name);
    }
    for (const service of services) {
      const { pod } = workload(objects, service);
      expect(scrapes(pod.metadata?.labels ?? {})).toBe(false);
    }
    expect(podMonitor?.spec.podMetricsEndpoints).toEqual([{ port: metricsPort }]);
  });

  test("the alerts on databases are about all of these, and about no other program's", () => {
    const matches = matcherIn(objects, "platform-cloudnative-pg", "job");
    for (const { metadata } of all(objects, "Cluster")) {
      expect(matches(metadata.name ?? "")).toBe(true);
      expect(matches(`${metadata.name}-restored`)).toBe(true);
    }
    expect(matches("wiki/users-db")).toBe(false);
    expect(matches("wiki-db")).toBe(false);
  });

  test("the alert on full volumes is about every volume of the services and the databases", () => {
    const matches = matcherIn(objects, "platform-kubernetes", "persistentvolumeclaim");
    const claims = all(objects, "PersistentVolumeClaim").map(
      ({ metadata }) => metadata?.name ?? "",
    );
    const instances = all(objects, "Cluster").map(({ metadata }) => `${metadata.name}-1`);
    const volumes = [...claims, ...instances, ...instances.map((name) => `${name}-wal`)];
    expect(volumes.length).toBeGreaterThan(0);
    expect(volumes.filter((name) => !matches(name))).toEqual([]);
    expect(matches("wiki-db-1")).toBe(false);
  });

  test.each(services)("Prometheus is let in to %s", (service) => {
    for (const end of [prometheus, { ...prometheus, namespace: "monitoring" }]) {
      expect(allows(incoming(objects, service), end, 8000)).toBe(true);
    }
    expect(allows(incoming(objects, service), { ...collector }, 8000)).toBe(false);
  });

  test("every rule file is there, and every object of the operator has the label of its release", async () => {
    const rules = all(objects, "PrometheusRule");
    const files = new Bun.Glob("*.rules.yaml").scanSync(join(k8s, "../monitoring/rules"));
    const names = [...files].map((file) => `platform-${file.replace(".rules.yaml", "")}`);
    expect(rules.map(({ metadata }) => metadata.name ?? "").sort(inOrder)).toEqual(
      names.sort(inOrder),
    );
    const monitors = [...all(objects, "ServiceMonitor"), ...all(objects, "PodMonitor")];
    for (const { metadata } of [...rules, ...monitors]) {
      expect(metadata.labels).toHaveProperty("release", "kube-prometheus-stack");
    }
    const labelled = objects.filter(({ metadata }) => metadata?.labels?.["release"] !== undefined);
    expect(labelled).toHaveLength(rules.length + monitors.length);
  });

  test("Grafana's sidecar finds the dashboards, whose names do not change with their content", () => {
    const found = all(objects, "ConfigMap").filter(
      ({ metadata }) => metadata?.labels?.["grafana_dashboard"] === "1",
    );
    expect(found.map(({ metadata }) => metadata?.name ?? "").sort(inOrder)).toEqual([
      "platform-dashboard-dependencies",
      "platform-dashboard-services",
    ]);
  });

  test.each(services)("%s sends its spans to the collector, and may", (service) => {
    const { container } = workload(objects, service);
    const { metadata, data } = only(objects, "ConfigMap", service);
    expect(data).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://opentelemetry-collector.monitoring:4318",
    });
    expect(container.envFrom).toEqual([{ configMapRef: { name: metadata?.name ?? "" } }]);
    const rules = outgoing(objects, service);
    expect(allows(rules, collector, 4318)).toBe(true);
    for (const protocol of ["UDP", "TCP"]) {
      expect(allows(rules, dns, 53, protocol)).toBe(true);
      expect(allows(rules, nodeDns, 53, protocol)).toBe(true);
    }
  });

  test.each(services)("the component opens no other way out of %s", (service) => {
    const rules = outgoing(objects, service);
    for (const port of [4317, 8000, 8888]) expect(allows(rules, collector, port)).toBe(false);
    expect(allows(rules, { ...collector, namespace: "elsewhere" }, 4318)).toBe(false);
    expect(allows(rules, { pod: collector.pod ?? {} }, 4318)).toBe(false);
    for (const end of [stranger, { ...stranger, namespace: "monitoring" }]) {
      for (const port of [53, 4318]) expect(allows(rules, end, port)).toBe(false);
    }
    expect(allows(rules, { address: "0.0.0.0/0" }, 4318)).toBe(false);
    expect(allows(rules, dns, 4318)).toBe(false);
  });

  test("what the service already needed still is allowed, and all is in the user's namespace", () => {
    expect(allows(outgoing(objects, "order-service"), userServicePods, 8000)).toBe(true);
    const database = { pod: { "cnpg.io/cluster": "users-db" } };
    expect(allows(outgoing(objects, "user-service"), database, 5432)).toBe(
      title.includes("postgres"),
    );
    for (const { metadata } of objects) {
      expect(metadata?.namespace).toBeUndefined();
      expect(metadata?.labels).toMatchObject({ "app.kubernetes.io/part-of": manifest.name });
    }
  });
});

const userServicePods: End = { pod: { "app.kubernetes.io/name": "user-service" } };

/** Whether a value matches the pattern of a label, which is the same throughout a PrometheusRule. */
function matcherIn(objects: readonly KubernetesObject[], rule: string, label: string) {
  const found = all(objects, "PrometheusRule").find(({ metadata }) => metadata.name === rule);
  const patterns = JSON.stringify(found).matchAll(
    new RegExp(`\\b${label}=~\\\\"([^"]*)\\\\"`, "g"),
  );
  const [pattern = "", ...others] = new Set(Array.from(patterns, ([, value]) => value));
  expect(others).toEqual([]);
  return (value: string) => new RegExp(`^(?:${pattern})$`).test(value);
}

function inOrder(a: string, b: string): number {
  return a.localeCompare(b);
}
