// The kustomizations that overlays/postgres/README.md shows, and what README.md shows for Argo CD and Flux.
import { describe, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { operatorSecrets } from "./cloudnative-pg.ts";
import { environmentOf } from "./environment.ts";
import { kubectl } from "./kubectl.ts";
import { all, k8s, only, renderOwn, services, shownUnder, workload } from "./manifests.ts";
import { allows, incoming, outgoing, userService } from "./traffic.ts";

/** The parts of Argo CD's Application and of Flux's Kustomization that become a kustomization. */
interface Built {
  components: string[];
  patches: object[];
}

describe.skipIf(kubectl === undefined)("with kubectl", () => {
  test.each([
    ["Argo CD", "argocd.argoproj.io/sync-options", "Prune=false,Delete=false"],
    ["Flux", "kustomize.toolkit.fluxcd.io/prune", "disabled"],
  ])("what %s renders has the component, and keeps the volumes", async (tool, key, value) => {
    const { path, components, patches } = await builtBy(tool);
    const folder = join("../bun-elysia-platform", path);
    const objects = await renderOwn(
      JSON.stringify({
        resources: [folder],
        components: components.map((each) => join(folder, each)),
        patches,
      }),
    );
    expect(all(objects, "HTTPRoute")).toHaveLength(1);
    const claims = all(objects, "PersistentVolumeClaim");
    expect(claims).toHaveLength(2 * services.length);
    for (const { metadata } of claims) expect(metadata?.annotations).toEqual({ [key]: value });
  });

  test("on kind the images of this machine run, and the instances may share its node", async () => {
    const { kustomization } = await shownUnder("On kind or minikube");
    const objects = await renderOwn(kustomization);
    for (const service of services) {
      expect(workload(objects, service).container.image).toBe(`${service}:local`);
    }
    const types = all(objects, "Cluster").map(({ spec }) => spec.affinity.podAntiAffinityType);
    expect(types).toEqual(["preferred", "preferred"]);
  });

  test("a restore makes a new Cluster from the old one's copies, and the service uses it", async () => {
    const { text, kustomization } = await shownUnder("Restore to a point in time");
    await using folder = temporaryFolder();
    await cp(k8s, join(folder.path, "k8s"), { recursive: true });
    const [sed] = /^sed [^]*?[^\\]$/m.exec(text) ?? [];
    expect(sed).toBeDefined();
    await $`sh -c ${sed ?? ""}`.cwd(folder.path);

    const objects = await renderOwn(kustomization, folder.path);
    const name = "users-db-restored";
    const { spec } = only(objects, "Cluster", name);
    expect(spec.bootstrap).toMatchObject({ recovery: { database: "users", owner: "users" } });
    expect(spec.externalClusters?.[0]?.plugin.parameters).toEqual({
      barmanObjectName: "database-backups",
      serverName: "users-db",
    });
    // Its own copies are in a folder of its own: an archive of two databases can restore neither.
    expect(spec.plugins?.[0]?.parameters).toEqual({ barmanObjectName: "database-backups" });
    expect(only(objects, "ScheduledBackup", name).spec.cluster.name).toBe(name);

    const { container } = workload(objects, "user-service");
    const secrets = operatorSecrets(name, "users");
    const variables = environmentOf(container, all(objects, "ConfigMap"), secrets);
    expect(variables["DATABASE_URL"]).toContain(`@${name}-rw.`);
    expect(workload(objects, "user-service").spec.volumes?.[0]?.secret?.secretName).toBe(
      `${name}-ca`,
    );
    const pods = { pod: { "cnpg.io/cluster": name } };
    expect(allows(outgoing(objects, "user-service"), pods, 5432)).toBe(true);
    expect(allows(incoming(objects, name), userService, 5432)).toBe(true);
    expect(all(objects, "Cluster").map(({ metadata }) => metadata.name)).toEqual([
      "orders-db",
      name,
    ]);
  });
});

/** What README.md shows for a tool: a folder of the repository, and what is added to it. */
async function builtBy(tool: string): Promise<Built & { path: string }> {
  const { kustomization } = await shownUnder(tool, "README.md");
  const documents = [Bun.YAML.parse(kustomization)].flat();
  if (tool === "Flux") {
    const [, flux] = documents as [object, { spec: Built & { path: string } }];
    return flux.spec;
  }
  const [argo] = documents as [{ spec: { source: { path: string; kustomize: Built } } }];
  return { path: argo.spec.source.path, ...argo.spec.source.kustomize };
}
