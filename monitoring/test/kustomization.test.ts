// What `kubectl apply -k` makes of the rules and dashboards.
import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { kubectl, kustomize } from "../../k8s/test/kubectl.ts";
import { filesEnding, rulesFolder } from "./rule-files.ts";

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec?: unknown;
}

/** kubectl prints several documents, which are parsed as a list. */
const objects = (
  kubectl === undefined ? [] : Bun.YAML.parse(await kustomize(resolve(import.meta.dir, "..")))
) as readonly KubernetesObject[];

describe.skipIf(kubectl === undefined)("with kubectl", () => {
  test("each PrometheusRule has the groups of its rule file, unchanged", async () => {
    const rules = objects.filter(({ kind }) => kind === "PrometheusRule");
    expect(rules).toHaveLength(filesEnding(".rules.yaml").length);
    for (const { metadata, spec } of rules) {
      const file = `${metadata.name.replace("platform-", "")}.rules.yaml`;
      expect(spec).toEqual(Bun.YAML.parse(await Bun.file(join(rulesFolder, file)).text()));
    }
  });

  test("the dashboards keep their names, and have the label that Grafana's sidecar looks for", () => {
    const configMaps = objects.filter(({ kind }) => kind === "ConfigMap");
    expect(configMaps.map(({ metadata }) => metadata.name).sort()).toEqual([
      "platform-dashboard-dependencies",
      "platform-dashboard-services",
    ]);
    for (const { metadata } of configMaps) expect(metadata.labels["grafana_dashboard"]).toBe("1");
  });

  test("every object fits the annotation of a client-side apply", () => {
    for (const object of objects) expect(JSON.stringify(object).length).toBeLessThan(256 * 1024);
  });
});
