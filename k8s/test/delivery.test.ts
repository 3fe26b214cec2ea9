import { describe, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { kubectl } from "./kubectl.ts";
import {
  all,
  backups,
  k8s,
  only,
  read,
  render,
  services,
  workload,
  type KubernetesObject,
} from "./manifests.ts";

const folders = [...new Bun.Glob("**/*ustomization*").scanSync(k8s)].map(dirname);

// Argo CD and Flux document the name kustomization.yaml, but `apply -f` would read such a file.
test.each(folders)("the kustomization in %s has the name that its readers need", (folder) => {
  const isApplied = services.some((service) => service === folder);
  expect([...new Bun.Glob("*ustomization*").scanSync(join(k8s, folder))]).toEqual([
    isApplied ? "Kustomization" : "kustomization.yaml",
  ]);
});

describe.each(services)("`apply -f k8s/%s/`", (service) => {
  test("applies the objects of the service and no others", async () => {
    const kinds = (await read(service)).map(({ kind }) => kind);
    expect(kinds).toEqual([
      // backup.yaml
      "CronJob",
      "PersistentVolumeClaim",
      "NetworkPolicy",
      // One file each
      "ConfigMap",
      "Deployment",
      "NetworkPolicy",
      "PersistentVolumeClaim",
      "Service",
      "ServiceAccount",
    ]);
  });

  test("rolls the service out anew when its ConfigMap has changed", async () => {
    const text = await Bun.file(join(k8s, service, "configmap.yaml")).text();
    const sum = new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16);
    const { pod } = workload(await read(service), service);
    expect(pod.metadata?.annotations).toHaveProperty(["checksum/config"], sum);
  });

  test("runs the image of this version", async () => {
    const objects = await read(service);
    for (const { container } of [workload(objects, service), backups(objects, service)]) {
      expect(container.image).toBe(`ghcr.io/example/${service}:${manifest.version}`);
    }
  });
});

// On Linux x64 there always is a kubectl: kubectl.ts downloads one.
describe.skipIf(kubectl === undefined)("with kubectl", () => {
  test.each(folders)("kubectl builds the kustomization in %s", async (folder) => {
    expect(await render(folder)).not.toBeEmpty();
  });

  test("`apply -k k8s/` applies both services and the Ingress", async () => {
    const parts = await Promise.all([...services.map(render), read("ingress.yaml")]);
    expect(sorted(await render("."))).toEqual(sorted(parts.flat()));
  });

  describe.each(services)("`apply -k k8s/%s/`", (service) => {
    test("applies the same objects as `apply -f`", async () => {
      const rendered = await render(service);
      const { metadata } = only(rendered, "ConfigMap", service);
      expect(metadata?.name).toMatch(new RegExp(`^${service}-[a-z0-9]{10}$`));
      expect(sorted(withConfigNamed(rendered, service))).toEqual(sorted(await read(service)));
    });

    test("rolls the service out anew when its ConfigMap has changed, without an edited checksum", async () => {
      await using folder = temporaryFolder();
      await cp(join(k8s, service), folder.path, { recursive: true });
      const file = Bun.file(join(folder.path, "configmap.yaml"));
      await file.write((await file.text()).replace(/LOG_LEVEL: .*/, "LOG_LEVEL: fatal"));
      const changed = await render(folder.path);
      expect(only(changed, "ConfigMap", service).data).toMatchObject({ LOG_LEVEL: "fatal" });
      const { container } = workload(changed, service);
      const { container: original } = workload(await render(service), service);
      expect(container.envFrom).not.toEqual(original.envFrom ?? []);
    });
  });

  test.each(services)("the local overlay runs %s as built on this machine", async (service) => {
    const objects = await render("overlays/local");
    for (const { container } of [workload(objects, service), backups(objects, service)]) {
      expect(container.image).toBe(`${service}:local`);
      expect(container.imagePullPolicy).toBeUndefined();
    }
  });
});

/** The objects, with the hash that `apply -k` adds to the ConfigMap's name taken off again. */
function withConfigNamed(objects: readonly KubernetesObject[], service: string) {
  const copy = structuredClone([...objects]);
  for (const { metadata } of all(copy, "ConfigMap")) if (metadata) metadata.name = service;
  for (const { container } of [workload(copy, service), backups(copy, service)]) {
    for (const { configMapRef } of container.envFrom ?? []) {
      if (configMapRef) configMapRef.name = service;
    }
  }
  return copy;
}

function sorted(objects: readonly KubernetesObject[]) {
  const key = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata?.name}`;
  return objects.toSorted((a, b) => key(a).localeCompare(key(b)));
}
