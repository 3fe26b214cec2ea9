import { describe, expect, test } from "bun:test";
import { all, deliveries, everyDelivery, only, services, workload } from "./manifests.ts";
import { selects } from "./selector.ts";
import {
  allows,
  dns,
  incoming,
  nodeDns,
  orderService,
  outgoing,
  prometheus,
  stranger,
  userService,
} from "./traffic.ts";

const ingressControllers = [
  { namespace: "ingress-nginx", pod: { "app.kubernetes.io/name": "ingress-nginx" } },
  { namespace: "traefik", pod: { "app.kubernetes.io/name": "traefik" } },
  { namespace: "kube-system", pod: { "app.kubernetes.io/name": "traefik" } },
];

describe.each(everyDelivery)("by %s", (_, objects) => {
  // Not of the list of services: one that the list lacks would accept every connection unnoticed.
  test("a policy governs all traffic to and from each Deployment", () => {
    for (const { metadata } of all(objects, "Deployment")) {
      const name = metadata?.name ?? "";
      const { spec } = only(objects, "NetworkPolicy", name);
      expect([name, spec?.policyTypes]).toEqual([name, ["Ingress", "Egress"]]);
      const { pod } = workload(objects, name);
      expect(selects(spec?.podSelector ?? {}, pod.metadata?.labels ?? {})).toBe(true);
    }
  });

  test.each(services)("the ingress controller and Prometheus reach %s", (service) => {
    const rules = incoming(objects, service);
    for (const end of ingressControllers) expect(allows(rules, end, 8000)).toBe(true);
    expect(allows(rules, prometheus, 8000)).toBe(true);
    expect(allows(rules, { ...prometheus, namespace: "monitoring" }, 8000)).toBe(true);
  });

  test("order-service reaches user-service, and not the other way round", () => {
    expect(allows(incoming(objects, "user-service"), orderService, 8000)).toBe(true);
    expect(allows(outgoing(objects, "order-service"), userService, 8000)).toBe(true);
    expect(allows(incoming(objects, "order-service"), userService, 8000)).toBe(false);
  });

  test.each(services)("no other pod or address reaches %s, and none on another port", (service) => {
    const rules = incoming(objects, service);
    expect(allows(rules, stranger, 8000)).toBe(false);
    expect(allows(rules, {}, 8000)).toBe(false);
    expect(allows(rules, { address: "0.0.0.0/0" }, 8000)).toBe(false);
    for (const end of [stranger, orderService, dns]) {
      expect(allows(rules, { ...end, namespace: "elsewhere" }, 8000)).toBe(false);
      expect(allows(rules, { ...end, namespace: "kube-system" }, 8000)).toBe(false);
      expect(allows(rules, { ...end, namespace: "monitoring" }, 8000)).toBe(false);
    }
    expect(allows(rules, prometheus, 8001)).toBe(false);
  });
});

describe.each(deliveries)("by %s", (_, objects) => {
  test("order-service reaches DNS and user-service, and nothing else", () => {
    const rules = outgoing(objects, "order-service");
    for (const protocol of ["UDP", "TCP"]) {
      expect(allows(rules, dns, 53, protocol)).toBe(true);
      expect(allows(rules, nodeDns, 53, protocol)).toBe(true);
    }
    expect(allows(rules, { ...userService, namespace: "elsewhere" }, 8000)).toBe(false);
    expect(allows(rules, { address: "0.0.0.0/0" }, 443)).toBe(false);
    for (const end of [stranger, prometheus, { namespace: "kube-system", pod: {} }]) {
      expect(allows(rules, end, 53)).toBe(false);
      expect(allows(rules, end, 8000)).toBe(false);
    }
    expect(allows(rules, dns, 443)).toBe(false);
  });

  test("user-service reaches nothing", () => {
    expect(outgoing(objects, "user-service")).toEqual([]);
  });
});
