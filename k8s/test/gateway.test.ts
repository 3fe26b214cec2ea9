// components/gateway, added to the base and to each overlay.
import { describe, expect, test } from "bun:test";
import { Gateway } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/Gateway";
import {
  all,
  everyDelivery,
  gatewayDeliveries,
  only,
  renderOwn,
  services,
  shownUnder,
  tlsDeliveries,
  workload,
} from "./manifests.ts";
import { kubectl } from "./kubectl.ts";
import { hasPrefix, hiddenPaths, publicPaths } from "./public-paths.ts";
import { selects } from "./selector.ts";
import { allows, incoming, outgoing, stranger, type End } from "./traffic.ts";

const ofGateway = { "gateway.networking.k8s.io/gateway-name": "public" };

const admitted: [string, End][] = [
  ["Istio, in the namespace of its Gateway", { namespace: "gateway", pod: ofGateway }],
  ["Istio, where its guide puts it", { namespace: "istio-ingress", pod: ofGateway }],
  ["NGINX Gateway Fabric", { namespace: "nginx-gateway", pod: ofGateway }],
  ["a Gateway of the services' own namespace", { pod: ofGateway }],
  [
    "Envoy Gateway",
    { namespace: "envoy-gateway-system", pod: { "app.kubernetes.io/name": "envoy" } },
  ],
  ["Traefik", { namespace: "traefik", pod: { "app.kubernetes.io/name": "traefik" } }],
];

/** The component without a word of the user's. */
const component = `
resources: [../bun-elysia-platform/k8s]
components: [../bun-elysia-platform/k8s/components/gateway]
`;
const plain: typeof gatewayDeliveries =
  kubectl === undefined ? [] : [["the component alone", await renderOwn(component)]];

test("without the component a cluster needs no Gateway API, and no pod of a gateway is admitted", () => {
  const behind = new Set([...gatewayDeliveries, ...tlsDeliveries].map(([title]) => title));
  for (const [title, objects] of everyDelivery.filter(([name]) => !behind.has(name))) {
    expect([title, all(objects, "HTTPRoute")]).toEqual([title, []]);
    for (const service of services) {
      expect(allows(incoming(objects, service), { pod: ofGateway }, 8000)).toBe(false);
    }
  }
});

describe.each([...plain, ...gatewayDeliveries])("%s", (_, objects) => {
  const [route, ...others] = all(objects, "HTTPRoute");

  test.each(publicPaths)("a client outside the cluster reaches %s", (path, service) => {
    expect(backends(path)).toEqual([{ name: service, port: 8000 }]);
    const ports = only(objects, "Service", service).spec?.ports ?? [];
    expect(ports.map(({ port }) => port)).toContain(8000);
  });

  test.each(hiddenPaths)("a client outside the cluster does not reach %s", (path) => {
    expect(backends(path)).toEqual([]);
  });

  test("one place names the Gateway: the route has one parent", () => {
    expect(others).toEqual([]);
    expect(route?.spec.parentRefs).toEqual([{ name: "public", namespace: "gateway" }]);
  });

  test.each(admitted)("the pods of %s reach both services", (_title, end) => {
    for (const service of services) {
      expect(allows(incoming(objects, service), end, 8000)).toBe(true);
    }
  });

  test.each(services)("the component admits nothing else to %s", (service) => {
    const rules = incoming(objects, service);
    for (const namespace of ["gateway", "envoy-gateway-system", "istio-system", "elsewhere"]) {
      expect(allows(rules, { namespace, ...stranger }, 8000)).toBe(false);
    }
    expect(allows(rules, { namespace: "elsewhere", pod: ofGateway }, 8000)).toBe(false);
    expect(allows(rules, { pod: { "app.kubernetes.io/name": "envoy" } }, 8000)).toBe(false);
    expect(allows(rules, { namespace: "gateway", pod: ofGateway }, 8001)).toBe(false);
    expect(allows(outgoing(objects, service), { namespace: "gateway", pod: ofGateway }, 443)).toBe(
      false,
    );
  });

  /** Where a request goes, by the rules. */
  function backends(path: string) {
    const rules = route?.spec.rules ?? [];
    return rules
      .filter(({ matches = [] }) =>
        matches.some(({ path: match, ...conditions }) => {
          expect([match?.type, conditions]).toEqual(["PathPrefix", {}]);
          return hasPrefix(path, match?.value ?? "");
        }),
      )
      .flatMap(({ backendRefs = [] }) => backendRefs);
  }
});

describe.each(gatewayDeliveries)("%s, as README.md shows it", (_, objects) => {
  test("the pods of a gateway that the user names reach both services", () => {
    const contour = { namespace: "projectcontour", pod: { app: "envoy" } };
    for (const service of services) {
      expect(allows(incoming(objects, service), contour, 8000)).toBe(true);
    }
  });

  test("the Ingress is gone", () => {
    expect(all(objects, "Ingress")).toEqual([]);
  });
});

test("the component alone leaves the Ingress, through which clients may still come", () => {
  for (const [, objects] of plain) expect(all(objects, "Ingress")).toHaveLength(1);
});

describe.each(tlsDeliveries)("%s", (title, objects) => {
  const host = "api.example.org";
  const ingresses = all(objects, "Ingress");

  test("clients reach the Ingress by HTTPS, with a certificate of its one host name", () => {
    // The overlays have no Ingress.
    expect(ingresses).toHaveLength(title.includes("overlays") ? 0 : 1);
    for (const { metadata, spec } of ingresses) {
      expect(spec?.rules?.map((rule) => rule.host)).toEqual([host]);
      expect(spec?.tls).toEqual([{ hosts: [host], secretName: "bun-elysia-platform-tls" }]);
      expect(metadata?.annotations).toEqual({ "cert-manager.io/cluster-issuer": "letsencrypt" });
    }
  });

  test("the Gateway that README.md shows takes the route, and has the certificate", async () => {
    const [route] = all(objects, "HTTPRoute");
    const { kustomization } = await shownUnder("A Gateway with TLS", "README.md");
    const shown = new Gateway(Bun.YAML.parse(kustomization) as Gateway);
    expect(() => shown.validate()).not.toThrow();
    const { metadata, spec } = shown;
    expect(route?.spec.parentRefs).toEqual([
      { name: metadata?.name ?? "", namespace: metadata?.namespace ?? "" },
    ]);
    const [listener, ...others] = spec.listeners ?? [];
    expect(others).toEqual([]);
    expect(listener).toMatchObject({ protocol: "HTTPS", port: 443, hostname: host });
    expect(listener?.tls?.certificateRefs).toEqual([{ name: "bun-elysia-platform-tls" }]);
    expect(route?.spec.hostnames).toEqual([host]);
  });
});

test("the policy for Cilium that README.md shows admits its gateway to both services", async () => {
  const { kustomization } = await shownUnder("Cilium", "README.md");
  const policy: unknown = Bun.YAML.parse(kustomization);
  const [, objects] = everyDelivery[0] ?? ["", []];
  expect(policy).toMatchObject({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    spec: {
      ingress: [
        {
          fromEntities: ["ingress"],
          toPorts: [{ ports: [{ port: "8000", protocol: "TCP" }] }],
        },
      ],
    },
  });
  const { spec } = policy as { spec: { endpointSelector: Parameters<typeof selects>[0] } };
  for (const service of services) {
    const { pod } = workload(objects, service);
    expect(selects(spec.endpointSelector, pod.metadata?.labels ?? {})).toBe(true);
  }
  expect(selects(spec.endpointSelector, stranger.pod)).toBe(false);
});
