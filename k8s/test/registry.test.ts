// components/registry-secret, added to the base and to each overlay.
import { describe, expect, test } from "bun:test";
import type { PodSpec } from "kubernetes-types/core/v1";
import {
  all,
  everyDelivery,
  only,
  privateDeliveries,
  read,
  services,
  type KubernetesObject,
} from "./manifests.ts";

const tools = await read("tools");

test("without the component no object names a Secret that a cluster may lack", () => {
  const secret = new Set(privateDeliveries.map(([title]) => title));
  for (const [title, objects] of everyDelivery.filter(([name]) => !secret.has(name))) {
    expect([title, JSON.stringify(objects)]).not.toEqual([
      title,
      expect.stringContaining("imagePullSecrets"),
    ]);
  }
});

describe.each(privateDeliveries)("%s", (_, objects) => {
  test.each(services)(
    "every pod with the image of %s gets the Secret of its ServiceAccount",
    (service) => {
      const account = only(objects, "ServiceAccount", service);
      expect(account.imagePullSecrets).toEqual([{ name: "registry" }]);
      const specs = podsOf([...objects, ...tools], service);
      expect(specs).not.toBeEmpty();
      for (const spec of specs) {
        expect(spec.serviceAccountName).toBe(account.metadata?.name ?? "");
        // A pod with Secrets of its own gets none of its account's.
        expect(spec.imagePullSecrets).toBeUndefined();
      }
    },
  );
});

/** The pods that run the image of a service. */
function podsOf(objects: readonly KubernetesObject[], service: string): PodSpec[] {
  const specs = [
    ...all(objects, "Deployment").map(({ spec }) => spec?.template.spec),
    ...all(objects, "CronJob").map(({ spec }) => spec?.jobTemplate.spec?.template.spec),
    ...all(objects, "Job").map(({ spec }) => spec?.template.spec),
  ];
  return specs.filter(
    (spec): spec is PodSpec =>
      spec?.containers.some(({ image }) => `/${image}`.includes(`/${service}:`)) ?? false,
  );
}
