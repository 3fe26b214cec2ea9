// What SQLite demands: one volume, and so one node.
import { describe, expect, test } from "bun:test";
import { cases, only, workload } from "./manifests.ts";
import { selects } from "./selector.ts";

describe.each(cases)("$service by $title", ({ service, objects }) => {
  const { deployment, pod, spec, container } = workload(objects, service);
  const claim = only(objects, "PersistentVolumeClaim", service);

  test("there are two replicas, so that a rollout and the crash of one interrupt nothing", () => {
    expect(deployment.replicas).toBe(2);
  });

  test("the pods that share the volume run on one node, and the first may run on any", () => {
    expect(claim.spec?.accessModes).toEqual(["ReadWriteOnce"]);
    expect(Object.keys(spec.affinity ?? {})).toEqual(["podAffinity"]);
    const terms = spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    expect(terms).toHaveLength(1);
    for (const { labelSelector, topologyKey, ...others } of terms ?? []) {
      expect(topologyKey).toBe("kubernetes.io/hostname");
      // The scheduler places the first pod, which no other pod matches, because it matches itself.
      expect(selects(labelSelector ?? {}, pod.metadata?.labels ?? {})).toBe(true);
      expect(labelSelector).not.toEqual({});
      expect(others).toEqual({});
    }
    expect(spec.topologySpreadConstraints).toBeUndefined();
    expect(spec.nodeSelector).toBeUndefined();
  });

  test("a node can be drained: no PodDisruptionBudget forbids it", () => {
    expect(objects.map(({ kind }) => String(kind))).not.toContain("PodDisruptionBudget");
  });

  test("the database is on the volume, and the process can write there and to /tmp alone", () => {
    const { DATABASE_URL } = only(objects, "ConfigMap", service).data ?? {};
    expect(DATABASE_URL).toBe(`sqlite:/data/${service.replace("-", "_")}.db`);
    expect(container.env).toBeUndefined();
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
});
