// A service that is added to the base: the components cover it without naming it.
import { beforeAll, describe, expect, test } from "bun:test";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { environmentOf } from "./environment.ts";
import { kubectl } from "./kubectl.ts";
import { all, k8s, only, renderOwn, workload, type KubernetesObject } from "./manifests.ts";
import { selects } from "./selector.ts";
import { allows, outgoing } from "./traffic.ts";

const added = "added-service";
const components = ["auth", "monitoring", "registry-secret", "tracing"];

/** Renders the base with one service more, a copy of user-service, and the components. */
async function renderWithAddedService(): Promise<KubernetesObject[]> {
  await using folder = temporaryFolder();
  const copy = join(folder.path, "k8s");
  await cp(k8s, copy, { recursive: true });
  await cp(join(k8s, "../monitoring"), join(folder.path, "monitoring"), { recursive: true });
  await cp(join(copy, "user-service"), join(copy, added), { recursive: true });
  for (const name of await readdir(join(copy, added))) {
    const file = Bun.file(join(copy, added, name));
    await file.write((await file.text()).replaceAll("user-service", added));
  }
  const base = Bun.file(join(copy, "kustomization.yaml"));
  await base.write((await base.text()).replace("  - user-service\n", `$&  - ${added}\n`));
  return await renderOwn(
    JSON.stringify({
      resources: ["../bun-elysia-platform/k8s"],
      components: components.map((name) => `../bun-elysia-platform/k8s/components/${name}`),
    }),
    folder.path,
  );
}

describe.skipIf(kubectl === undefined)("a service that is added to the base", () => {
  let objects: KubernetesObject[] = [];
  beforeAll(async () => {
    objects = await renderWithAddedService();
  });

  test("is rendered", () => {
    expect(all(objects, "Deployment").map(({ metadata }) => metadata?.name)).toContain(added);
  });

  test("components/auth makes every Deployment need tokens, and lets its pods fetch keys", () => {
    for (const { metadata } of all(objects, "Deployment")) {
      const name = metadata?.name ?? "";
      const { container } = workload(objects, name);
      const { AUTH_ISSUER, AUTH_JWKS, AUTH_USER_CLAIM } = environmentOf(
        container,
        all(objects, "ConfigMap"),
        {},
        "shop",
      );
      expect([name, AUTH_ISSUER, AUTH_JWKS, AUTH_USER_CLAIM]).toEqual([
        name,
        expect.stringContaining("https://"),
        expect.stringContaining("https://"),
        "user_id",
      ]);
      expect(allows(outgoing(objects, name), { address: "93.184.215.14" }, 443)).toBe(true);
    }
  });

  test("components/monitoring scrapes it", () => {
    const [monitor] = all(objects, "ServiceMonitor");
    const labels = only(objects, "Service", added).metadata?.labels ?? {};
    expect(selects(monitor?.spec.selector ?? {}, labels)).toBe(true);
  });

  test("components/tracing sends its spans to the collector, and admits them", () => {
    expect(only(objects, "ConfigMap", added).data).toHaveProperty("OTEL_EXPORTER_OTLP_ENDPOINT");
    const collector = {
      namespace: "monitoring",
      pod: { "app.kubernetes.io/name": "opentelemetry-collector" },
    };
    expect(allows(outgoing(objects, added), collector, 4318)).toBe(true);
  });

  test("components/registry-secret gives its ServiceAccount the Secret", () => {
    const { imagePullSecrets } = only(objects, "ServiceAccount", added);
    expect(imagePullSecrets).toEqual([{ name: "registry" }]);
  });
});
