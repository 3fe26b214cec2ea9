import { describe, expect, test } from "bun:test";
import manifest from "../../package.json" with { type: "json" };
import { backups, cases, deliveries, only, podOf, read, workload } from "./manifests.ts";
import { amount, expectResources, expectRestricted } from "./pod.ts";
import { selects } from "./selector.ts";

describe.each(cases)("backups of $service by $title", ({ service, objects }) => {
  const { cronJob, job, pod, spec, container } = backups(objects, service);
  const served = workload(objects, service);
  const labels = pod.metadata?.labels ?? {};
  const claim = only(objects, "PersistentVolumeClaim", `${service}-backup`);
  const [command, folder, count] = container.args ?? [];

  test("the CronJob makes one every night, and never two at once", () => {
    expect(cronJob?.schedule).toMatch(/^\d{1,2} \d{1,2} \* \* \*$/);
    expect(cronJob?.concurrencyPolicy).toBe("Forbid");
    expect(cronJob?.suspend).toBeUndefined();
    expect(cronJob?.startingDeadlineSeconds).toBeGreaterThanOrEqual(600);
  });

  test("the Job retries a backup that fails, ends within an hour, and keeps its logs", () => {
    expect(job?.backoffLimit).toBeGreaterThan(0);
    expect(job?.activeDeadlineSeconds).toBeLessThanOrEqual(3600);
    expect(spec.restartPolicy).toBe("Never");
    expect(cronJob?.failedJobsHistoryLimit).toBeGreaterThan(0);
    expect(cronJob?.successfulJobsHistoryLimit).toBeGreaterThan(0);
    expect(container.terminationMessagePolicy).toBe("FallbackToLogsOnError");
  });

  test("the container runs backup-rotate of the service's image, and keeps a week of copies", () => {
    expect(container.image).toBe(served.container.image ?? "");
    expect([container.command, command, folder]).toEqual([undefined, "backup-rotate", "/backups"]);
    expect(Number(count)).toBeGreaterThanOrEqual(7);
    expect(container.envFrom).toEqual(served.container.envFrom ?? []);
    expect(container.env).toBeUndefined();
    expect(spec.enableServiceLinks).toBe(false);
  });

  test("the pod runs on the node of the database's volume, and may write SQLite's locks there", () => {
    expect(spec.affinity).toEqual(served.spec.affinity ?? {});
    expect(labels["volume"]).toBe(served.pod.metadata?.labels?.["volume"] ?? "");
    expect(spec.securityContext).toEqual(served.spec.securityContext ?? {});
    expect(spec.volumes).toContainEqual(served.spec.volumes?.[0]);
    expect(container.volumeMounts).toContainEqual({ name: "data", mountPath: "/data" });
  });

  test("the copies have a volume of their own, with room for all of them and one more", () => {
    const claimName = claim.metadata?.name ?? "";
    expect(spec.volumes).toContainEqual({ name: "backups", persistentVolumeClaim: { claimName } });
    expect(container.volumeMounts).toContainEqual({ name: "backups", mountPath: "/backups" });
    expect(claimName).not.toBe(only(objects, "PersistentVolumeClaim", service).metadata?.name);
    const roomIn = (name: string) =>
      amount(only(objects, "PersistentVolumeClaim", name).spec?.resources?.requests?.["storage"]);
    expect(roomIn(`${service}-backup`)).toBeGreaterThanOrEqual(
      (Number(count) + 1) * roomIn(service),
    );
  });

  test("no selector of the service matches its pods, and a policy denies them all traffic", () => {
    const selectors = [
      { matchLabels: only(objects, "Service", service).spec?.selector ?? {} },
      served.deployment.selector,
      only(objects, "NetworkPolicy", service).spec?.podSelector ?? {},
    ];
    for (const selector of selectors) expect(selects(selector, labels)).toBe(false);
    const { spec: policy } = only(objects, "NetworkPolicy", `${service}-backup`);
    expect(selects(policy?.podSelector ?? {}, labels)).toBe(true);
    expect(policy?.policyTypes).toEqual(["Ingress", "Egress"]);
    expect([policy?.ingress, policy?.egress]).toEqual([undefined, undefined]);
  });

  test("its pods meet the restricted Pod Security Standard, without a token, within limits", () => {
    expectRestricted(spec);
    expect(spec.automountServiceAccountToken).toBe(false);
    // Measured: a backup of 700 MB takes 60 MB of memory.
    expectResources(container, 64 * 2 ** 20);
    expect(labels["app.kubernetes.io/version"]).toBe(manifest.version);
  });
});

test("the Job in tools/ restores a backup to the database of the service", async () => {
  const job = only(await read("tools"), "Job", "user-service-restore");
  const { pod, spec, container } = podOf(job.spec?.template, "the Job");
  const objects = deliveries[0]?.[1] ?? [];
  const served = workload(objects, "user-service");
  const backup = backups(objects, "user-service");
  expect(container.image).toBe(served.container.image ?? "");
  expect(container.args).toEqual(["restore", "/backups/COPY"]);
  const { DATABASE_URL = "" } = only(objects, "ConfigMap", "user-service").data ?? {};
  expect(container.env).toEqual([{ name: "DATABASE_URL", value: DATABASE_URL }]);
  expect(spec.volumes).toEqual(backup.spec.volumes ?? []);
  expect(container.volumeMounts).toEqual([
    { name: "data", mountPath: "/data" },
    { name: "backups", mountPath: "/backups", readOnly: true },
    { name: "tmp", mountPath: "/tmp" },
  ]);
  expect(spec.affinity).toEqual(served.spec.affinity ?? {});
  expect(pod.metadata?.labels?.["volume"]).toBe(served.pod.metadata?.labels?.["volume"] ?? "");
  expect(pod.metadata?.labels?.["app.kubernetes.io/name"]).not.toBe("user-service");
  expect(spec.securityContext).toEqual(served.spec.securityContext ?? {});
  expect([job.spec?.backoffLimit, spec.restartPolicy]).toEqual([0, "Never"]);
  expectRestricted(spec);
});
