import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { readConfig, httpOrigin } from "../../shared/src/service/env.ts";
import { serviceSettings } from "../../shared/src/service/definition.ts";
import { all, backups, deliveries, only, read, services, workload } from "./manifests.ts";
import { amount, expectRestricted } from "./pod.ts";
import { selects } from "./selector.ts";

const cases = deliveries.flatMap(([title, objects]) =>
  services.map((service) => ({ title, service, objects })),
);

/** The longest that kube-proxies and ingress controllers are given to learn of a pod's end. */
const endpointPropagationMs = 10_000;

/** Settings of single services, which serviceSettings does not have. */
const ownSettings = {
  userServiceUrl: httpOrigin("USER_SERVICE_URL", { default: "http://localhost:8000" }),
};

describe.each(cases)("$service by $title", ({ service, objects }) => {
  const { deployment, pod, spec, container } = workload(objects, service);
  const claim = only(objects, "PersistentVolumeClaim", service);
  const settings = { ...serviceSettings({ database: "sqlite:data/x.db" }), ...ownSettings };
  const variables = only(objects, "ConfigMap", service).data ?? {};
  const config = readConfig(settings, variables);

  test("a rollout never has fewer than the two replicas", () => {
    expect(deployment.replicas).toBe(2);
    expect(deployment.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
  });

  test("a pod that ends serves until no one sends to it, and is not cut short", () => {
    const { shutdownDrainMs, shutdownGraceMs } = config;
    expect(shutdownDrainMs).toBeGreaterThanOrEqual(endpointPropagationMs);
    expect((spec.terminationGracePeriodSeconds ?? 0) * 1000).toBeGreaterThan(
      shutdownDrainMs + shutdownGraceMs,
    );
  });

  test("the probes ask what they should, and a long migration is not interrupted", () => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(startupProbe?.httpGet).toEqual({ path: "/health", port: "http" });
    expect(livenessProbe?.httpGet).toEqual({ path: "/health", port: "http" });
    expect(readinessProbe?.httpGet).toEqual({ path: "/ready", port: "http" });
    const { periodSeconds = 10, failureThreshold = 3 } = startupProbe ?? {};
    expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(300);
  });

  test("the pods that share the volume run on one node, and the first of them on any", () => {
    expect(claim.spec?.accessModes).toEqual(["ReadWriteOnce"]);
    expect(Object.keys(spec.affinity ?? {})).toEqual(["podAffinity"]);
    const terms = spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    expect(terms).toHaveLength(1);
    for (const { labelSelector, topologyKey, ...others } of terms ?? []) {
      expect(topologyKey).toBe("kubernetes.io/hostname");
      // The scheduler lets a pod pass whose affinity nobody satisfies if it does so itself.
      expect(selects(labelSelector ?? {}, pod.metadata?.labels ?? {})).toBe(true);
      expect(labelSelector).not.toEqual({});
      expect(others).toEqual({});
    }
    expect(spec.topologySpreadConstraints).toBeUndefined();
    expect(spec.nodeSelector).toBeUndefined();
  });

  test("a node can be drained: no budget keeps a pod", () => {
    expect(objects.map(({ kind }) => String(kind))).not.toContain("PodDisruptionBudget");
  });

  test("the database is on the volume, which the process may write, and nothing else is but /tmp", () => {
    expect(config.databaseUrl).toBe(`sqlite:/data/${service.replace("-", "_")}.db`);
    expect(container.volumeMounts).toEqual([
      { name: "data", mountPath: "/data" },
      { name: "tmp", mountPath: "/tmp" },
    ]);
    expect(spec.volumes).toEqual([
      { name: "data", persistentVolumeClaim: { claimName: claim.metadata?.name ?? "" } },
      { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
    ]);
    expect(spec.securityContext).toMatchObject({
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
    });
  });

  test("a pod has what the restricted Pod Security Standard asks for, and more", () => {
    expectRestricted(spec);
  });

  test("a pod has no token for the API server", () => {
    const account = only(objects, "ServiceAccount", service);
    expect(spec.serviceAccountName).toBe(account.metadata?.name ?? "");
    expect(account.automountServiceAccountToken).toBe(false);
    expect(spec.automountServiceAccountToken).toBe(false);
  });

  test("a pod has its share of the node, and no more", () => {
    const { requests = {}, limits = {} } = container.resources ?? {};
    for (const resource of ["cpu", "memory"]) {
      expect(amount(requests[resource])).toBeGreaterThan(0);
      expect(amount(limits[resource])).toBeGreaterThanOrEqual(amount(requests[resource]));
    }
    // What was measured: 120 MB under mixed load, 2.5 MB for each request with the largest body.
    expect(amount(requests["memory"])).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(amount(limits["memory"])).toBeGreaterThanOrEqual(
      128 * 2 ** 20 + 2.5 * config.maxInFlight * config.maxBodyBytes,
    );
  });

  test("the service takes its configuration, and knows every variable of it", () => {
    const known = Object.values(settings).map(({ variable }) => variable);
    expect(known).toEqual(expect.arrayContaining(Object.keys(variables)));
    const { metadata } = only(objects, "ConfigMap", service);
    expect(container.envFrom).toEqual([{ configMapRef: { name: metadata?.name ?? "" } }]);
    expect(container.env).toBeUndefined();
    expect(spec.enableServiceLinks).toBe(false);
  });

  test("the Service leads to the pods, at the address that others are told", () => {
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

  test("every object can be found by the recommended labels", () => {
    const own = all(objects, "Deployment").map(({ metadata }) => metadata?.labels);
    expect(own).toContainEqual({
      "app.kubernetes.io/name": service,
      "app.kubernetes.io/part-of": manifest.name,
      "app.kubernetes.io/version": manifest.version,
    });
    expect(pod.metadata?.labels).toMatchObject({
      "app.kubernetes.io/name": service,
      "app.kubernetes.io/part-of": manifest.name,
      "app.kubernetes.io/version": manifest.version,
    });
    for (const { metadata } of objects) {
      expect(metadata?.labels).toMatchObject({ "app.kubernetes.io/part-of": manifest.name });
      expect(metadata?.namespace).toBeUndefined();
    }
  });
});

test("the pod for copies in and out meets the service's pods on their node", async () => {
  const [tool, ...others] = all(await read("tools"), "Pod");
  expect(others).toEqual([]);
  const { pod, spec } = workload(deliveries[0]?.[1] ?? [], "user-service");
  expect(tool?.spec?.affinity).toEqual(spec.affinity ?? {});
  expect(tool?.metadata?.labels?.["volume"]).toBe(pod.metadata?.labels?.["volume"]);
  expect(tool?.spec?.securityContext).toEqual(spec.securityContext ?? {});
  expect(tool?.spec?.volumes).toContainEqual(spec.volumes?.[0]);
  const { spec: backup } = backups(deliveries[0]?.[1] ?? [], "user-service");
  expect(tool?.spec?.volumes).toContainEqual(backup.volumes?.[1]);
  // Neither the Service nor the Deployment may take it for one of theirs.
  expect(tool?.metadata?.labels?.["app.kubernetes.io/name"]).not.toBe("user-service");
  if (tool?.spec) expectRestricted(tool.spec);
});
