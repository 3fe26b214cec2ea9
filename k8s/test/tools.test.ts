// The network of the pods in tools/, which run beside what is applied.
import { describe, expect, test } from "bun:test";
import type { PodTemplateSpec } from "kubernetes-types/core/v1";
import { all, deliveries, read } from "./manifests.ts";
import { selects } from "./selector.ts";
import { allows, dns, incoming, nodeDns, outgoing, prometheus, stranger } from "./traffic.ts";

const tools = await read("tools");
const pods: PodTemplateSpec[] = [
  ...all(tools, "Job").flatMap(({ spec }) => (spec ? [spec.template] : [])),
  ...all(tools, "Pod"),
];
const names = pods.map(({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] ?? "");
const usersDb = { pod: { "cnpg.io/cluster": "users-db" } };
const internet = { address: "0.0.0.0/0" };

test("tools/ has the pods that the tests below speak of", () => {
  expect(names.toSorted()).toEqual([
    "user-service-move",
    "user-service-restore",
    "user-service-volume",
  ]);
});

describe.each(deliveries)("with what is applied by %s", (_, objects) => {
  const together = [...objects, ...tools];

  test.each(names)("a policy governs all traffic to and from %s", (name) => {
    const policies = all(together, "NetworkPolicy").filter(({ spec }) =>
      selects(spec?.podSelector ?? {}, { "app.kubernetes.io/name": name }),
    );
    const types = policies.flatMap(({ spec }) => spec?.policyTypes ?? []);
    expect([...new Set(types)].toSorted()).toEqual(["Egress", "Ingress"]);
  });

  test.each(names)("no connection to %s is allowed", (name) => {
    expect(incoming(together, name)).toEqual([]);
  });

  test.each(["user-service-restore", "user-service-volume"])(
    "%s, whose work is on the volumes alone, may open no connection",
    (name) => {
      expect(outgoing(together, name)).toEqual([]);
    },
  );

  test("user-service-move reaches the database that it moves to, and DNS, and nothing else", () => {
    const rules = outgoing(together, "user-service-move");
    expect(allows(rules, usersDb, 5432)).toBe(true);
    for (const protocol of ["UDP", "TCP"]) {
      expect(allows(rules, dns, 53, protocol)).toBe(true);
      expect(allows(rules, nodeDns, 53, protocol)).toBe(true);
    }
    for (const end of [stranger, prometheus, internet, { pod: { "cnpg.io/cluster": "orders-db" } }])
      for (const port of [53, 443, 5432, 8000]) expect(allows(rules, end, port)).toBe(false);
    expect(allows(rules, usersDb, 8000)).toBe(false);
    expect(allows(rules, dns, 443)).toBe(false);
  });
});
