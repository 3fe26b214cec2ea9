import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { readConfig } from "../../shared/src/service/env.ts";
import { httpOrigin } from "../../shared/src/service/setting-kinds.ts";
import { serviceSettings } from "../../shared/src/service/definition.ts";
import {
  all,
  backups,
  cases,
  deliveries,
  only,
  postgresCases,
  read,
  workload,
} from "./manifests.ts";
import { amount, expectResources, expectRestricted } from "./pod.ts";
import { selects } from "./selector.ts";

/** How long kube-proxies and ingress controllers may take to stop sending to a pod that ends. */
const endpointPropagationMs = 10_000;

/** The settings that only order-service has. */
const ownSettings = {
  userServiceUrl: httpOrigin("USER_SERVICE_URL", { default: "http://localhost:8000" }),
};

describe.each([...cases, ...postgresCases])("$service by $title", ({ service, objects }) => {
  const { deployment, pod, spec, container } = workload(objects, service);
  const engines = { sqlite: { migrations: [], stores: () => ({}) } };
  const database = "sqlite:data/x.db";
  const settings = { ...serviceSettings({ name: service, database, engines }), ...ownSettings };
  const variables = only(objects, "ConfigMap", service).data ?? {};
  const config = readConfig(settings, variables);

  test("a rollout stops no replica before a new one is ready", () => {
    expect(deployment.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
  });

  test("a pod that ends serves until no proxy sends to it, and is killed only after that", () => {
    const { shutdownDrainMs, shutdownGraceMs } = config;
    expect(shutdownDrainMs).toBeGreaterThanOrEqual(endpointPropagationMs);
    expect((spec.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(
      shutdownDrainMs + shutdownGraceMs,
    );
  });

  test("the probes use /health and /ready, and leave a migration five minutes", () => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(startupProbe?.httpGet).toEqual({ path: "/health", port: "http" });
    expect(livenessProbe?.httpGet).toEqual({ path: "/health", port: "http" });
    expect(readinessProbe?.httpGet).toEqual({ path: "/ready", port: "http" });
    const { periodSeconds = 10, failureThreshold = 3 } = startupProbe ?? {};
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(300);
  });

  test("a pod meets the restricted Pod Security Standard, with a read-only root file system", () => {
    expectRestricted(spec);
  });

  test("a pod has no token for the API server", () => {
    const account = only(objects, "ServiceAccount", service);
    expect(spec.serviceAccountName).toBe(account.metadata?.name ?? "");
    expect(account.automountServiceAccountToken).toBe(false);
    expect(spec.automountServiceAccountToken).toBe(false);
  });

  test("a pod requests CPU and memory, and has limits that fit its measured load", () => {
    // Measured: 120 MB under mixed load, and 2.5 MB for each request with the largest body.
    expectResources(container, 128 * 2 ** 20);
    expect(amount(container.resources?.limits?.["memory"])).toBeGreaterThanOrEqual(
      128 * 2 ** 20 + 2.5 * config.maxInFlight * config.maxBodyBytes,
    );
  });

  test("the service gets the ConfigMap as its environment, and knows every variable in it", () => {
    const known = Object.values(settings).map(({ variable }) => variable);
    expect(known).toEqual(expect.arrayContaining(Object.keys(variables)));
    const { metadata } = only(objects, "ConfigMap", service);
    expect(container.envFrom).toEqual([{ configMapRef: { name: metadata?.name ?? "" } }]);
    expect(spec.enableServiceLinks).toBe(false);
  });

  test("a Prometheus that finds pods by their annotations finds the metrics", () => {
    expect(pod.metadata?.annotations).toMatchObject({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": String(container.ports?.[0]?.containerPort),
      "prometheus.io/path": "/metrics",
    });
  });

  test("the Service selects the pods, at the address that USER_SERVICE_URL names", () => {
    const { metadata, spec: serviceSpec } = only(objects, "Service", service);
    expect(metadata?.name).toBe(service);
    expect(serviceSpec?.type).toBe("ClusterIP");
    expect(serviceSpec?.ports).toEqual([
      { name: "http", port: 8000, targetPort: "http", protocol: "TCP" },
    ]);
    expect(container.ports).toEqual([{ name: "http", containerPort: 8000, protocol: "TCP" }]);
    expect(config.port).toBe(8000);
    expect(selects({ matchLabels: serviceSpec?.selector ?? {} }, pod.metadata?.labels ?? {})).toBe(
      true,
    );
    expect(selects(deployment.selector, pod.metadata?.labels ?? {})).toBe(true);
    expect(variables["USER_SERVICE_URL"]).toBe(
      service === "order-service" ? "http://user-service:8000" : undefined,
    );
  });

  test("every object has the recommended labels", () => {
    const recommended = {
      "app.kubernetes.io/name": service,
      "app.kubernetes.io/component": "service",
      "app.kubernetes.io/part-of": manifest.name,
      "app.kubernetes.io/version": manifest.version,
    };
    const own = all(objects, "Deployment").map(({ metadata }) => metadata?.labels);
    expect(own).toContainEqual(recommended);
    expect(pod.metadata?.labels).toMatchObject(recommended);
    for (const { metadata } of objects) {
      expect(metadata?.labels).toMatchObject({ "app.kubernetes.io/part-of": manifest.name });
      expect(metadata?.namespace).toBeUndefined();
    }
  });
});

test("the Pod in tools/ runs on the node of the service's pods, with their volume", async () => {
  const [tool, ...others] = all(await read("tools"), "Pod");
  expect(others).toEqual([]);
  const { pod, spec } = workload(deliveries[0]?.[1] ?? [], "user-service");
  expect(tool?.spec?.affinity).toEqual(spec.affinity ?? {});
  expect(tool?.metadata?.labels?.["volume"]).toBe(pod.metadata?.labels?.["volume"]);
  expect(tool?.spec?.securityContext).toEqual(spec.securityContext ?? {});
  expect(tool?.spec?.volumes).toContainEqual(spec.volumes?.[0]);
  const { spec: backup } = backups(deliveries[0]?.[1] ?? [], "user-service");
  expect(tool?.spec?.volumes).toContainEqual(backup.volumes?.[1]);
  // The selectors of the Service and the Deployment must not match it.
  expect(tool?.metadata?.labels?.["app.kubernetes.io/name"]).not.toBe("user-service");
  if (tool?.spec) expectRestricted(tool.spec);
});
