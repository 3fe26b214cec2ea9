import { describe, expect, test } from "bun:test";
import { all, deliveries, only, read, services } from "./manifests.ts";

// The local overlay has no Ingress: a kustomization takes no file from a folder above its own.
const withIngress = deliveries.filter(([title]) => !title.includes("overlays"));

describe.each([...withIngress, ["ingress.yaml", await read("ingress.yaml")] as const])(
  "by %s",
  (_, objects) => {
    const [ingress, ...others] = all(objects, "Ingress");

    test.each([
      ["/users", "user-service"],
      ["/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "user-service"],
      ["/orders", "order-service"],
      ["/orders/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42", "order-service"],
    ])("a client outside the cluster reaches %s", (path, service) => {
      expect(backends(path)).toEqual([{ service: { name: service, port: { name: "http" } } }]);
    });

    test.each(["/", "/metrics", "/health", "/ready", "/swagger", "/swagger/json", "/usersmetrics"])(
      "a client outside the cluster does not reach %s",
      (path) => {
        expect(backends(path)).toEqual([]);
      },
    );

    test("there is one Ingress, without a default backend or annotations", () => {
      expect(others).toEqual([]);
      expect(ingress?.spec?.defaultBackend).toBeUndefined();
      expect(ingress?.metadata?.annotations).toBeUndefined();
    });

    /** Where a request goes, by the rules for `pathType: Prefix`: element by element. */
    function backends(path: string) {
      const paths = ingress?.spec?.rules?.flatMap(({ http }) => http?.paths ?? []) ?? [];
      return paths
        .filter(({ pathType, path: prefix = "" }) => {
          expect(pathType).toBe("Prefix");
          return `${path}/`.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
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
