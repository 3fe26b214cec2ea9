// Which connections network policies allow.
import { BlockList, isIPv6 } from "node:net";
import type {
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from "kubernetes-types/networking/v1";
import { all, type KubernetesObject } from "./manifests.ts";
import { selects, type Labels } from "./selector.ts";

/**
 * One end of a connection: a pod, by default in the namespace of the services, or an address. An address
 * with a length, as in 0.0.0.0/0, stands for all addresses of that range.
 */
export interface End {
  readonly pod?: Labels;
  readonly namespace?: string;
  readonly address?: string;
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[] | undefined;
  readonly ports: readonly NetworkPolicyPort[] | undefined;
}

/** The pods of order-service. */
export const orderService = { pod: { "app.kubernetes.io/name": "order-service" } };
/** The pods of user-service. */
export const userService = { pod: { "app.kubernetes.io/name": "user-service" } };
/** The Prometheus of the services' namespace. */
export const prometheus = { pod: { "app.kubernetes.io/name": "prometheus" } };
/** A pod of the services' namespace that no policy names. */
export const stranger = { pod: { "app.kubernetes.io/name": "stranger" } };
/** The DNS server of the cluster. */
export const dns = { namespace: "kube-system", pod: { "k8s-app": "kube-dns" } };
/** The DNS cache of a node, at the address that Kubernetes gives it by default. */
export const nodeDns = { address: "169.254.20.10/32" };

/** The rules for connections to the pods of a service or database. */
export function incoming(objects: readonly KubernetesObject[], name: string): Rule[] {
  return policiesOf(objects, name).flatMap((spec) =>
    (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports })),
  );
}

/** The rules for connections from the pods of a service. */
export function outgoing(objects: readonly KubernetesObject[], name: string): Rule[] {
  return policiesOf(objects, name).flatMap((spec) =>
    (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports })),
  );
}

/** The policies of the pods of a service or database: what one of them allows is allowed. */
function policiesOf(objects: readonly KubernetesObject[], name: string): NetworkPolicySpec[] {
  const deployment = all(objects, "Deployment").find(({ metadata }) => metadata?.name === name);
  const labels = deployment?.spec?.template.metadata?.labels ?? {
    "app.kubernetes.io/name": name,
    "cnpg.io/cluster": name,
  };
  const found = all(objects, "NetworkPolicy").flatMap(({ spec }) =>
    spec && selects(spec.podSelector, labels) ? [spec] : [],
  );
  if (found.length === 0) throw new Error(`There is no NetworkPolicy for ${name}`);
  return found;
}

/** Whether a rule allows a connection; a rule without peers or ports allows all of them. */
export function allows(rules: readonly Rule[], end: End, port: number, protocol = "TCP"): boolean {
  return rules.some(
    ({ peers, ports }) =>
      (!peers?.length || peers.some((peer) => isPeer(peer, end))) &&
      (!ports?.length || ports.some((allowed) => isPort(allowed, port, protocol))),
  );
}

/** Whether a policy's port is a port. @throws Error for a range, a name, or all ports of a protocol */
function isPort(allowed: NetworkPolicyPort, port: number, protocol: string): boolean {
  if (typeof allowed.port !== "number" || allowed.endPort !== undefined) {
    throw new Error(`The tests do not know the port ${JSON.stringify(allowed)}`);
  }
  return allowed.port === port && (allowed.protocol ?? "TCP") === protocol;
}

/** Whether a peer matches an end: its namespace selector and its pod selector both have to. */
function isPeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, end: End): boolean {
  if (ipBlock) return end.address !== undefined && contains(ipBlock, end.address);
  if (!end.pod) return false;
  const fitsNamespace = namespaceSelector
    ? selects(namespaceSelector, { "kubernetes.io/metadata.name": end.namespace ?? "" })
    : end.namespace === undefined;
  return fitsNamespace && selects(podSelector ?? {}, end.pod);
}

/** Whether a block has an address, or is the range that the address is. */
function contains({ cidr, except = [] }: IPBlock, address: string): boolean {
  if (address.includes("/")) return cidr === address;
  return isIn(cidr, address) && !except.some((range) => isIn(range, address));
}

function isIn(range: string, address: string): boolean {
  const [start = "", length] = range.split("/");
  if (isIPv6(start) !== isIPv6(address)) return false;
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  const list = new BlockList();
  list.addSubnet(start, Number(length), family);
  return list.check(address, family);
}
