import { describe, expect, test } from "bun:test";
import type { NetworkPolicyPeer, NetworkPolicyPort } from "kubernetes-types/networking/v1";
import { deliveries, only, services, workload } from "./manifests.ts";
import { selects, type Labels } from "./selector.ts";

/** One end of a connection: a pod, by default in the namespace of the services, or an address. */
interface End {
  readonly pod?: Labels;
  readonly namespace?: string;
  readonly address?: string;
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

const orderService = { pod: { "app.kubernetes.io/name": "order-service" } };
const userService = { pod: { "app.kubernetes.io/name": "user-service" } };
const prometheus = { pod: { "app.kubernetes.io/name": "prometheus" } };
const stranger = { pod: { "app.kubernetes.io/name": "stranger" } };
const dns = { namespace: "kube-system", pod: { "k8s-app": "kube-dns" } };
const nodeDns = { address: "169.254.20.10/32" };
const ingressControllers = [
  { namespace: "ingress-nginx", pod: { "app.kubernetes.io/name": "ingress-nginx" } },
  { namespace: "traefik", pod: { "app.kubernetes.io/name": "traefik" } },
  { namespace: "kube-system", pod: { "app.kubernetes.io/name": "traefik" } },
];

describe.each(deliveries)("by %s", (_, objects) => {
  test.each(services)("a policy governs all traffic to and from %s", (service) => {
    const { spec } = only(objects, "NetworkPolicy", service);
    expect(spec?.policyTypes).toEqual(["Ingress", "Egress"]);
    const { pod } = workload(objects, service);
    expect(selects(spec?.podSelector ?? {}, pod.metadata?.labels ?? {})).toBe(true);
  });

  test.each(services)("the ingress controller and Prometheus reach %s", (service) => {
    const rules = incoming(service);
    for (const end of ingressControllers) expect(allows(rules, end, 8000)).toBe(true);
    expect(allows(rules, prometheus, 8000)).toBe(true);
    expect(allows(rules, { ...prometheus, namespace: "monitoring" }, 8000)).toBe(true);
  });

  test("order-service reaches user-service, and not the other way round", () => {
    expect(allows(incoming("user-service"), orderService, 8000)).toBe(true);
    expect(allows(outgoing("order-service"), userService, 8000)).toBe(true);
    expect(allows(incoming("order-service"), userService, 8000)).toBe(false);
  });

  test.each(services)("no other pod or address reaches %s, and none on another port", (service) => {
    const rules = incoming(service);
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

  test("order-service reaches DNS and user-service, and nothing else", () => {
    const rules = outgoing("order-service");
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
    expect(outgoing("user-service")).toEqual([]);
  });

  function incoming(service: string): Rule[] {
    const { spec } = only(objects, "NetworkPolicy", service);
    return (spec?.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
  }

  function outgoing(service: string): Rule[] {
    const { spec } = only(objects, "NetworkPolicy", service);
    return (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
  }
});

/** Whether a rule allows a connection; a rule without peers or ports allows all of them. */
function allows(rules: readonly Rule[], end: End, port: number, protocol = "TCP"): boolean {
  return rules.some(
    ({ peers, ports }) =>
      (!peers?.length || peers.some((peer) => isPeer(peer, end))) &&
      (!ports?.length ||
        ports.some((allowed) => allowed.port === port && (allowed.protocol ?? "TCP") === protocol)),
  );
}

/** Whether a peer matches an end: its namespace selector and its pod selector both have to. */
function isPeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, end: End): boolean {
  if (ipBlock) return ipBlock.cidr === end.address;
  if (!end.pod) return false;
  const fitsNamespace = namespaceSelector
    ? selects(namespaceSelector, { "kubernetes.io/metadata.name": end.namespace ?? "" })
    : end.namespace === undefined;
  return fitsNamespace && selects(podSelector ?? {}, end.pod);
}
