import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
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
import { kubernetesVersions, type KubernetesVersion } from "./kubernetes-versions.ts";
import { everyDelivery, read } from "./manifests.ts";
import { typeErrors } from "./type-errors.ts";

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

const sets = [...everyDelivery, ["tools", await read("tools")] as const];

test.each(sets)("every object of %s fits its JSON schema", (_, objects) => {
  for (const object of objects.filter(
    ({ apiVersion = "" }) => operatorTypes(apiVersion) === null,
  )) {
    const model = models.get(`${object.apiVersion} ${object.kind}`);
    if (model === undefined) throw new Error(`No schema for ${object.apiVersion} ${object.kind}`);
    expect(() => model.prototype.validate.call(object)).not.toThrow();
  }
});

/** The code of each object, and the name of a set that has it. */
const objects = new Map(
  sets.flatMap(([title, objects]) =>
    objects.map(({ apiVersion = "", kind = "", ...rest }) => {
      const code = JSON.stringify({ apiVersion, kind, ...rest });
      return [code, { apiVersion, kind, title }] as const;
    }),
  ),
);

const podCertificate = { keyType: "ED25519", signerName: "a/b", userAnnotations: {} };

/** Fields of a Pod's spec that a version has, and none before it. */
const newFields = new Map<string, object>([
  ["1.34", { hostnameOverride: "a" }],
  ["1.35", { volumes: [{ name: "a", projected: { sources: [{ podCertificate }] } }] }],
  ["1.36", { schedulingGroup: { podGroupName: "a" } }],
  ["1.37", { evictionResponders: [] }],
]);

const errors = typeErrors(
  new Map(
    kubernetesVersions.flatMap((kubernetes) => [
      [`${kubernetes.name}.ts`, codeOfObjects(kubernetes)],
      [`${kubernetes.name}-fields.ts`, codeOfNewFields(kubernetes)],
    ]),
  ),
);

describe.each(kubernetesVersions)("Kubernetes $name", ({ name }) => {
  // The schemas allow unknown fields, which an API server drops or refuses. The types do not. Those of an
  // operator and of Gateway API are the same with every version of Kubernetes.
  test("knows every field of every object", async () => {
    expect((await errors).get(`${name}.ts`)).toBeUndefined();
  });

  test("has types that know no field of a newer version", async () => {
    expect((await errors).get(`${name}-fields.ts`)).toBeUndefined();
  });
});

/** Code that compiles if the types of a version know every field. */
function codeOfObjects(kubernetes: KubernetesVersion): string {
  const lines = [...objects].map(
    ([code, { apiVersion, kind, title }]) =>
      `(${code}) satisfies ${typeOf(kubernetes, apiVersion, kind)}; // ${title}`,
  );
  return lines.join("\n");
}

/** Code that compiles if the types of a version know its new fields and none of a newer version. */
function codeOfNewFields(kubernetes: KubernetesVersion): string {
  const lines = [...newFields].map(([version, fields]) => {
    const pod = { metadata: {}, spec: { containers: [], ...fields } };
    const isKnown = Number(version) <= Number(kubernetes.name);
    const code = `(${JSON.stringify(pod)}) satisfies ${typeOf(kubernetes, "v1", "Pod")};`;
    return isKnown ? code : `// @ts-expect-error\n${code}`;
  });
  return lines.join("\n");
}

/** The TypeScript type of a kind. */
function typeOf(kubernetes: KubernetesVersion, apiVersion: string, kind: string): string {
  const operator = operatorTypes(apiVersion);
  if (operator !== null) return `import("${operator}").${kind}`;
  if (apiVersion.startsWith("gateway.")) {
    return `import("@kubernetes-models/gateway-api/${apiVersion}").I${kind}`;
  }
  const [version = "", group = "core"] = apiVersion.split("/").toReversed();
  return kubernetes.typeOf(group.replace(/(?:\.authorization)?\.k8s\.io/, ""), version, kind);
}

/** The file with the types of an operator's API; null for an API that a package has. */
function operatorTypes(apiVersion: string): string | null {
  if (apiVersion.includes(".cnpg.io/")) return join(import.meta.dir, "cloudnative-pg.ts");
  if (apiVersion.startsWith("monitoring.coreos.com/")) {
    return join(import.meta.dir, "prometheus-operator.ts");
  }
  return null;
}
