// The rights of tools/deployer.yaml beside those that scripts/deploy.sh needs.
import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { kubectl } from "./kubectl.ts";
import { all, everyDelivery, k8s, read, renderOwn, type KubernetesObject } from "./manifests.ts";

const deployer = await read("tools/deployer.yaml");
const [role] = all(deployer, "Role");

/** What the Role allows on each resource, as in "ingresses.networking.k8s.io". */
const allowed = new Map(
  role?.rules?.flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.map((resource) => [named(resource, group), verbs.toSorted()] as const),
    ),
  ),
);

function named(resource: string, group: string) {
  return group === "" ? resource : `${resource}.${group}`;
}

/** The resource of an object. */
function resourceOf(object: KubernetesObject) {
  const [group = "", version] = object.apiVersion?.split("/") ?? [];
  const plural = `${object.kind?.toLowerCase()}s`.replace(/ys$/, "ies").replace(/sss$/, "sses");
  return named(plural, version === undefined ? "" : group);
}

/** A kustomization with every component but those of an engine. */
async function withComponents(base: string, left: readonly string[]) {
  const components = (await readdir(join(k8s, "components"))).filter(
    (name) => !left.includes(name),
  );
  const folder = "../bun-elysia-platform/k8s";
  return await renderOwn(
    JSON.stringify({
      resources: [`${folder}${base}`],
      components: components.map((name) => `${folder}/components/${name}`),
    }),
  );
}

describe.skipIf(kubectl === undefined)("tools/deployer.yaml", () => {
  test("allows what a deploy, a roll-back and their messages do, and nothing else", async () => {
    const objects = [
      ...everyDelivery.flatMap(([, delivered]) => delivered),
      ...(await withComponents("", ["cloudnative-pg", "cloudnative-pg-backups"])),
      ...(await withComponents("/overlays/postgres", ["cloudnative-pg"])),
    ];
    // A roll-back keeps what holds data. kubectl waits for Deployments, and until what has pods is gone.
    const kept = ["persistentvolumeclaims", "clusters.postgresql.cnpg.io"];
    const watched = ["deployments.apps", "cronjobs.batch"];
    const needed = objects.map(resourceOf).map((resource) => {
      const verbs = ["create", "get", "patch"];
      if (!kept.includes(resource)) verbs.push("delete");
      if (watched.includes(resource)) verbs.push("list", "watch");
      return [resource, verbs.toSorted()] as const;
    });
    // `kubectl describe pods`, where a rollout has failed.
    const described = [
      ["pods", ["get", "list"]],
      ["events", ["list"]],
    ] as const;
    // kubectl asks whether the namespace exists whenever it does not find an object in it.
    const asked = ["namespaces", ["get"]] as const;
    const all = Object.fromEntries([...needed, ...described, asked]);
    expect(Object.fromEntries(allowed)).toEqual(all);
  });

  test("gives these rights to its ServiceAccount, whose token no pod gets", () => {
    const [account] = all(deployer, "ServiceAccount");
    const [binding] = all(deployer, "RoleBinding");
    expect(account?.automountServiceAccountToken).toBe(false);
    expect(binding?.roleRef).toMatchObject({ kind: "Role", name: role?.metadata?.name });
    const name = account?.metadata?.name;
    expect(binding?.subjects).toMatchObject([{ kind: "ServiceAccount", name }]);
  });
});
