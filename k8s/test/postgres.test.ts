// What PostgreSQL allows: replicas on any number of nodes, in overlays/postgres.
import { describe, expect, test } from "bun:test";
import type { TopologySpreadConstraint } from "kubernetes-types/core/v1";
import { operatorSecrets } from "./cloudnative-pg.ts";
import { environmentOf } from "./environment.ts";
import { all, deliveries, only, postgresCases, workload } from "./manifests.ts";
import { amount } from "./pod.ts";
import { selects } from "./selector.ts";
import { allows, dns, incoming, nodeDns, outgoing, stranger, userService } from "./traffic.ts";

const databases = { "user-service": "users", "order-service": "orders" } as const;

describe.each(postgresCases)("$service by $title", ({ service, objects }) => {
  const { deployment, pod, spec, container } = workload(objects, service);
  const labels = pod.metadata?.labels ?? {};
  const database = databases[service];
  const cluster = only(objects, "Cluster", `${database}-db`);
  const name = cluster.metadata.name ?? "";
  const secrets = operatorSecrets(name, database);
  const variables = environmentOf(container, all(objects, "ConfigMap"), secrets);
  const autoscaler = only(objects, "HorizontalPodAutoscaler", service).spec;
  const { minReplicas = 0, maxReplicas = 0 } = autoscaler ?? {};

  describe("the address of the database", () => {
    const url = new URL(variables["DATABASE_URL"] ?? "");

    test("is the one in the operator's Secret, the password escaped as it is there", () => {
      expect(url.href.split("?")[0]).toBe(secrets[`${name}-app`]?.["uri"] ?? "");
      expect(url.hostname).toStartWith(`${name}-rw.`);
      expect(url.pathname).toBe(`/${database}`);
    });

    test("makes the service check the server's certificate and its name", () => {
      expect(Object.fromEntries(url.searchParams)).toEqual({
        sslmode: "verify-full",
        sslrootcert: "/etc/database/ca.crt",
      });
    });

    test("names a file that is mounted: the certificate of the operator's authority, without its key", () => {
      expect(spec.volumes).toEqual([
        {
          name: "database-ca",
          secret: { secretName: `${name}-ca`, items: [{ key: "ca.crt", path: "ca.crt" }] },
        },
      ]);
      // Without subPath, which would never get a renewed certificate.
      expect(container.volumeMounts).toEqual([
        { name: "database-ca", mountPath: "/etc/database", readOnly: true },
      ]);
    });
  });

  test("nothing of SQLite is left", () => {
    const kinds = objects.map(({ kind }) => kind);
    for (const kind of ["PersistentVolumeClaim", "CronJob"]) expect(kinds).not.toContain(kind);
    for (const kind of ["Deployment", "ConfigMap", "NetworkPolicy"] as const) {
      const text = JSON.stringify(only(objects, kind, service));
      expect(text).not.toMatch(/sqlite|\/data\b|\/tmp|fsGroup|affinity|"volume"|backup|checksum/i);
    }
  });

  test("is otherwise what it is on SQLite: image, ports, probes, resources, security", () => {
    const base = workload(deliveries[0]?.[1] ?? [], service);
    const { env: _env, envFrom: _envFrom, volumeMounts: _mounts, ...same } = container;
    expect(base.container).toMatchObject(same);
    expect(deployment.strategy).toEqual(base.deployment.strategy ?? {});
    expect(spec.terminationGracePeriodSeconds).toBe(base.spec.terminationGracePeriodSeconds ?? 0);
  });

  test("no two replicas are on one node while there are nodes enough", () => {
    const [byNode] = constraintsOver("kubernetes.io/hostname");
    expect(byNode).toMatchObject({ maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" });
    // A pair of affinity rules would leave pods pending where there are fewer nodes than replicas.
    expect(spec.affinity).toBeUndefined();
  });

  test("a drain moves a replica even if each other node has one: cordoned nodes do not count", () => {
    const [byNode] = constraintsOver("kubernetes.io/hostname");
    expect(byNode).toMatchObject({ nodeTaintsPolicy: "Honor" });
    expect(byNode?.minDomains).toBeUndefined();
  });

  test("the replicas are spread over the zones, as far as these have room", () => {
    const [byZone, ...others] = constraintsOver("topology.kubernetes.io/zone");
    expect(byZone).toMatchObject({ maxSkew: 1, whenUnsatisfiable: "ScheduleAnyway" });
    expect(others).toEqual([]);
  });

  test("each revision is spread for itself, so that a rollout does not end on half of the nodes", () => {
    expect(spec.topologySpreadConstraints).toHaveLength(2);
    for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) {
      expect(selects(labelSelector ?? {}, labels)).toBe(true);
      expect(labelSelector).toEqual(deployment.selector);
      expect(matchLabelKeys).toEqual(["pod-template-hash"]);
    }
  });

  test("a drain keeps at least one replica ready, and ends although the database is away", () => {
    const { spec: budget } = only(objects, "PodDisruptionBudget", service);
    expect(budget?.selector).toEqual(deployment.selector);
    expect(minReplicas - Number(budget?.maxUnavailable)).toBeGreaterThanOrEqual(1);
    // 0 would block every drain, and so would minAvailable with as many replicas.
    expect(budget?.maxUnavailable).toBeGreaterThanOrEqual(1);
    expect(budget?.minAvailable).toBeUndefined();
    expect(budget?.unhealthyPodEvictionPolicy).toBe("AlwaysAllow");
  });

  test("the autoscaler alone decides on the replicas: three at least", () => {
    expect(deployment.replicas).toBeUndefined();
    expect(autoscaler?.scaleTargetRef).toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: service,
    });
    expect(minReplicas).toBeGreaterThanOrEqual(3);
    expect(maxReplicas).toBeGreaterThan(minReplicas);
  });

  test("the autoscaler adds a replica before those that run are at their limit of CPU", () => {
    const [metric, ...others] = autoscaler?.metrics ?? [];
    expect(others).toEqual([]);
    expect(metric?.resource?.name).toBe("cpu");
    const target = amount(metric?.resource?.target.averageValue);
    const { requests = {}, limits = {} } = container.resources ?? {};
    // Below the request a replica that has nothing to do would count as busy.
    expect(target).toBeGreaterThan(amount(requests["cpu"]));
    expect(target).toBeLessThanOrEqual(0.8 * amount(limits["cpu"]));
    expect(autoscaler?.behavior?.scaleDown?.stabilizationWindowSeconds).toBeGreaterThanOrEqual(300);
  });

  test("max_connections suffices for every replica's pool in the midst of a rollout", () => {
    // The operator's instance manager, its exporter, superuser_reserved_connections (3), and psql.
    const others = 20;
    const { max_connections } = cluster.spec.postgresql.parameters;
    const sessions = podsDuringRollout() * Number(variables["DATABASE_POOL_SIZE"]);
    expect(sessions).toBeGreaterThanOrEqual(2 * maxReplicas);
    expect(Number(max_connections)).toBeGreaterThanOrEqual(sessions + others);
  });

  test("it reaches its own database and DNS, and no other database", () => {
    const rules = outgoing(objects, service);
    const pods = (cluster: string) => ({ pod: { "cnpg.io/cluster": cluster } });
    const own = { pod: labels };
    for (const other of ["users-db", "orders-db"]) {
      expect(allows(rules, pods(other), 5432)).toBe(other === name);
      expect(allows(incoming(objects, other), own, 5432)).toBe(other === name);
      for (const port of [8000, 9187]) {
        expect(allows(rules, pods(other), port)).toBe(false);
        expect(allows(incoming(objects, other), own, port)).toBe(false);
      }
    }
    for (const protocol of ["UDP", "TCP"]) {
      expect(allows(rules, dns, 53, protocol)).toBe(true);
      expect(allows(rules, nodeDns, 53, protocol)).toBe(true);
    }
    expect(allows(rules, { ...pods(name), namespace: "elsewhere" }, 5432)).toBe(false);
    expect(allows(rules, stranger, 5432)).toBe(false);
    expect(allows(rules, { address: "0.0.0.0/0" }, 443)).toBe(false);
    expect(allows(rules, userService, 8000)).toBe(service === "order-service");
  });

  function constraintsOver(topologyKey: string): TopologySpreadConstraint[] {
    const all = spec.topologySpreadConstraints ?? [];
    return all.filter((constraint) => constraint.topologyKey === topologyKey);
  }

  /**
   * How many pods of the service may have sessions at once. Pods that end do not count towards
   * maxSurge, and keep their sessions while they drain: at worst every old pod still drains when the
   * last new one is ready.
   */
  function podsDuringRollout(): number {
    const { maxSurge } = deployment.strategy?.rollingUpdate ?? {};
    const drains = (spec.terminationGracePeriodSeconds ?? 30) > 0;
    return maxReplicas + (drains ? maxReplicas : Number(maxSurge));
  }
});
