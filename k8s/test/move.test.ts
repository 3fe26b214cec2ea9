// The Jobs that move the data from the volumes to PostgreSQL, as docs/move-to-postgresql.md makes them.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  deliveries,
  k8s,
  only,
  parse,
  podOf,
  postgresDeliveries,
  read,
  services,
  workload,
} from "./manifests.ts";
import { expectRestricted } from "./pod.ts";
import { allows, incoming } from "./traffic.ts";

/** What the function `job` of the page prints for a service, whose Deployment runs the image. */
async function jobOf(service: string, image: string) {
  const repository = join(k8s, "..");
  const page = await Bun.file(join(repository, "docs/move-to-postgresql.md")).text();
  const [job = "no function"] = /^job\(\) \{$[^]*?^\}$/m.exec(page) ?? [];
  const name = service.replace("-service", "");
  const script = `kubectl() { echo "$3 ${image}"; }\n${job}\njob ${name}`;
  const { stdout } = Bun.spawnSync(["sh", "-c", script], { cwd: repository });
  return parse(stdout.toString());
}

describe.if(postgresDeliveries.length > 0).each([...services])("the move of %s", (service) => {
  const [, objects] = deliveries[0] ?? ["", []];
  const [, moved] = postgresDeliveries[0] ?? ["", []];
  const database = `${service.replace("-service", "")}s-db`;

  test("its Job copies the data of the service to its PostgreSQL, and holds it until it is deleted", async () => {
    const image = "registry.example/service@sha256:0123";
    const tools = await jobOf(service, image);
    const job = only(tools, "Job", `${service}-move`);
    const { pod, spec, container } = podOf(job.spec?.template, "the Job");
    const served = workload(objects, service);
    expect(container.image).toBe(`${service} ${image}`);
    const { DATABASE_URL = "" } = only(objects, "ConfigMap", service).data ?? {};
    expect(container.env?.[0]).toEqual({ name: "DATABASE_URL", value: DATABASE_URL });
    const onPostgres = workload(moved, service);
    const [uri, url] = (onPostgres.container.env ?? []).slice(-2);
    expect(container.env?.slice(1)).toEqual([uri ?? { name: "" }]);
    expect(container.args).toEqual(["move-to", url?.value ?? ""]);
    expect(spec.volumes).toEqual(
      expect.arrayContaining([...(onPostgres.spec.volumes ?? []), served.spec.volumes?.[0]]),
    );
    expect(spec.affinity).toEqual(served.spec.affinity ?? {});
    expect(pod.metadata?.labels?.["volume"]).toBe(served.pod.metadata?.labels?.["volume"] ?? "");
    const labels = pod.metadata?.labels ?? {};
    expect(labels["app.kubernetes.io/name"]).not.toBe(service);
    // The policy of the database would not let it in.
    expect(allows(incoming(tools, database), { pod: labels }, 5432)).toBe(true);
    // A deadline would end the hold, and the service could write to the old database again.
    expect([job.spec?.backoffLimit, job.spec?.activeDeadlineSeconds]).toEqual([0, undefined]);
    expectRestricted(spec);
  });
});

test("tools/move-job.yaml names the image of the manifests", async () => {
  const job = only(await read("tools/move-job.yaml"), "Job", "user-service-move");
  const served = workload(deliveries[0]?.[1] ?? [], "user-service");
  expect(podOf(job.spec?.template, "the Job").container.image).toBe(served.container.image ?? "");
});
