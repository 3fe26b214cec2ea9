import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { $ } from "bun";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { CronJob } from "kubernetes-models/batch/v1/CronJob";
import { Job } from "kubernetes-models/batch/v1/Job";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Role } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
import { RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Pod } from "kubernetes-models/v1/Pod";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import { everyDelivery, read } from "./manifests.ts";

/** The compiled JSON schemas of Kubernetes 1.36 and Gateway API 1.5, by API version and kind. */
const models = new Map(
  [
    ConfigMap,
    CronJob,
    Deployment,
    HTTPRoute,
    HorizontalPodAutoscaler,
    Ingress,
    Job,
    NetworkPolicy,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    Service,
    ServiceAccount,
  ].map((model) => [`${model.apiVersion} ${model.kind}`, model]),
);

const root = resolve(import.meta.dir, "../..");
const sets = [...everyDelivery, ["tools", await read("tools")] as const];

/** A folder from which tsc finds the types, and no tsconfig.json above it applies. */
const cache = join(root, "node_modules/.cache");
await mkdir(cache, { recursive: true });
const folder = await mkdtemp(join(cache, "k8s-types-"));
afterAll(() => rm(folder, { recursive: true }));

test.each(sets)("every object of %s fits its JSON schema", (_, objects) => {
  for (const object of objects.filter(
    ({ apiVersion = "" }) => operatorTypes(apiVersion) === null,
  )) {
    const model = models.get(`${object.apiVersion} ${object.kind}`);
    if (model === undefined) throw new Error(`No schema for ${object.apiVersion} ${object.kind}`);
    expect(() => model.prototype.validate.call(object)).not.toThrow();
  }
});

// The schemas allow unknown fields, which an API server drops or refuses. The types do not.
test("every field of every object is known to Kubernetes 1.30, to Gateway API or to the operator whose kind it is", async () => {
  const lines = sets.flatMap(([title, objects]) =>
    objects.map(({ apiVersion = "", kind, ...rest }) => {
      const object = JSON.stringify({ apiVersion, kind, ...rest });
      return `(${object}) satisfies ${typeOf(apiVersion, kind)}; // ${title}`;
    }),
  );
  await Bun.write(join(folder, "objects.ts"), lines.join("\n"));
  await Bun.write(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmit: true,
        types: [],
        module: "preserve",
        allowImportingTsExtensions: true,
      },
    }),
  );
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout, exitCode } = await $`${process.execPath} ${tsc} -p ${folder} --pretty false`
    .quiet()
    .nothrow();
  expect(stdout.toString()).toBe("");
  expect(exitCode).toBe(0);
});

/** The TypeScript type of a kind. */
function typeOf(apiVersion: string, kind = ""): string {
  if (apiVersion.startsWith("gateway.")) {
    return `import("@kubernetes-models/gateway-api/${apiVersion}").I${kind}`;
  }
  const group = apiVersion.replace(/(?:\.authorization)?\.k8s\.io/, "").replace(/^v1$/, "core/v1");
  return `import("${operatorTypes(apiVersion) ?? `kubernetes-types/${group}`}").${kind}`;
}

/** The file with the types of an operator's API; null for an API that a package has. */
function operatorTypes(apiVersion: string): string | null {
  if (apiVersion.includes(".cnpg.io/")) return join(import.meta.dir, "cloudnative-pg.ts");
  if (apiVersion.startsWith("monitoring.coreos.com/")) {
    return join(import.meta.dir, "prometheus-operator.ts");
  }
  return null;
}
