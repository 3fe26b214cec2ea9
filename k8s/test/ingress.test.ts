import { describe, expect, test } from "bun:test";
import { all, deliveries, only, read, services } from "./manifests.ts";
import { hasPrefix, hiddenPaths, publicPaths } from "./public-paths.ts";

// The local overlay has no Ingress: a kustomization takes no file from a folder above its own.
const withIngress = deliveries.filter(([title]) => !title.includes("overlays"));

describe.each([...withIngress, ["ingress.yaml", await read("ingress.yaml")] as const])(
  "by %s",
  (_, objects) => {
    const [ingress, ...others] = all(objects, "Ingress");

    test.each(publicPaths)("a client outside the cluster reaches %s", (path, service) => {
      expect(backends(path)).toEqual([{ service: { name: service, port: { name: "http" } } }]);
    });

    test.each(hiddenPaths)("a client outside the cluster does not reach %s", (path) => {
      expect(backends(path)).toEqual([]);
    });

    test("there is one Ingress, without a default backend or annotations", () => {
      expect(others).toEqual([]);
      expect(ingress?.spec?.defaultBackend).toBeUndefined();
      expect(ingress?.metadata?.annotations).toBeUndefined();
    });

    /** Where a request goes, by the rules. */
    function backends(path: string) {
      const paths = ingress?.spec?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? [];
      return paths
        .filter(({ pathType, path: prefix = "" }) => {
          expect(pathType).toBe("Prefix");
          return hasPrefix(path, prefix);
        })
        .map(({ backend }) => backend);
    }
  },
);

test("both Services have the port that the Ingress names", () => {
  for (const [, objects] of withIngress) {
    for (const name of services) {
      expect(only(objects, "Service", name).spec?.ports?.[0]?.name).toBe("http");
    }
  }
});
