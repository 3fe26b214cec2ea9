// The Job that moves the data from the volume to PostgreSQL.
import { expect, test } from "bun:test";
import { deliveries, only, podOf, postgresDeliveries, read, workload } from "./manifests.ts";
import { expectRestricted } from "./pod.ts";
import { allows, incoming } from "./traffic.ts";

test.if(postgresDeliveries.length > 0)(
  "the Job in tools/ moves the data of the service to its PostgreSQL, and holds it until it is deleted",
  async () => {
    const tools = await read("tools");
    const job = only(tools, "Job", "user-service-move");
    const { pod, spec, container } = podOf(job.spec?.template, "the Job");
    const served = workload(deliveries[0]?.[1] ?? [], "user-service");
    const objects = deliveries[0]?.[1] ?? [];
    expect(container.image).toBe(served.container.image ?? "");
    const { DATABASE_URL = "" } = only(objects, "ConfigMap", "user-service").data ?? {};
    expect(container.env?.[0]).toEqual({ name: "DATABASE_URL", value: DATABASE_URL });
    const onPostgres = workload(postgresDeliveries[0]?.[1] ?? [], "user-service");
    const [uri, url] = (onPostgres.container.env ?? []).slice(-2);
    expect(container.env?.slice(1)).toEqual([uri ?? { name: "" }]);
    expect(container.args).toEqual(["move-to", url?.value ?? ""]);
    expect(spec.volumes).toEqual(
      expect.arrayContaining([...(onPostgres.spec.volumes ?? []), served.spec.volumes?.[0]]),
    );
    expect(spec.affinity).toEqual(served.spec.affinity ?? {});
    expect(pod.metadata?.labels?.["volume"]).toBe(served.pod.metadata?.labels?.["volume"] ?? "");
    const labels = pod.metadata?.labels ?? {};
    expect(labels["app.kubernetes.io/name"]).not.toBe("user-service");
    // The policy of the database would not let it in.
    expect(allows(incoming(tools, "users-db"), { pod: labels }, 5432)).toBe(true);
    // A deadline would end the hold, and the service could write to the old database again.
    expect([job.spec?.backoffLimit, job.spec?.activeDeadlineSeconds]).toEqual([0, undefined]);
    expectRestricted(spec);
  },
);
