// The databases in components/.
import { describe, expect, test } from "bun:test";
import { all, only, postgresDeliveries, services } from "./manifests.ts";
import { amount } from "./pod.ts";
import { allows, incoming, prometheus, stranger } from "./traffic.ts";

/** Every database of the overlay: one without a policy or without backups has to fail a test. */
const names = all(postgresDeliveries[0]?.[1] ?? [], "Cluster").map(
  ({ metadata }) => metadata.name ?? "",
);

const cases = postgresDeliveries.flatMap(([title, objects]) =>
  names.map((name) => ({ title, objects, name })),
);

describe.each(cases)("$name by $title", ({ objects, name }) => {
  const { metadata, spec } = only(objects, "Cluster", name);

  test("an acknowledged write is on two instances, and only an instance that has it is promoted", () => {
    expect(spec.instances).toBeGreaterThanOrEqual(3);
    expect(spec.postgresql.synchronous).toEqual({
      method: "any",
      number: 1,
      dataDurability: "required",
      failoverQuorum: true,
    });
    // The operator sets it from the above and refuses it here.
    expect(spec.postgresql.parameters).not.toHaveProperty("synchronous_standby_names");
  });

  test("no two instances share a node, and zones are used as far as they have room", () => {
    expect(spec.affinity).toEqual({
      enablePodAntiAffinity: true,
      podAntiAffinityType: "required",
      topologyKey: "kubernetes.io/hostname",
    });
    expect(spec.topologySpreadConstraints).toEqual([
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "cnpg.io/cluster": metadata.name ?? "" } },
      },
    ]);
  });

  test("the database is in UTF-8, needs no locale of the image, and has checksums", () => {
    const database = name.replace("-db", "");
    expect(spec.bootstrap).toEqual({
      initdb: {
        database,
        owner: database,
        encoding: "UTF8",
        localeProvider: "builtin",
        builtinLocale: "C.UTF-8",
        dataChecksums: true,
      },
    });
  });

  test("the image is one version: its tag begins with a major and a minor number", () => {
    expect(spec.imageName).toMatch(/^ghcr\.io\/cloudnative-pg\/postgresql:\d+\.\d+-[a-z-]+$/);
    expect(spec.primaryUpdateMethod).toBe("switchover");
  });

  test("memory is guaranteed, and leaves room beside the shared buffers", () => {
    const { requests = {}, limits = {} } = spec.resources;
    expect(limits["memory"]).toBe(requests["memory"] ?? "");
    expect(amount(requests["cpu"])).toBeGreaterThan(0);
    const buffers = amount(spec.postgresql.parameters["shared_buffers"]?.replace("MB", "Mi"));
    expect(buffers).toBeLessThanOrEqual(0.4 * amount(limits["memory"]));
    expect(amount(spec.walStorage.size)).toBeGreaterThan(0);
    expect(amount(spec.storage.size)).toBeGreaterThan(0);
  });

  test("no budget of ours selects it: the operator makes them", () => {
    const budgets = all(objects, "PodDisruptionBudget");
    expect(new Set(budgets.map((budget) => budget.metadata?.name))).toEqual(new Set(services));
  });

  test("its operator, its instances and its service reach it, Prometheus its metrics, and no other pod", () => {
    const { spec: policy } = only(objects, "NetworkPolicy", name);
    expect(policy?.podSelector).toEqual({ matchLabels: { "cnpg.io/cluster": name } });
    // The instances call the API server and the object store, wherever these are.
    expect(policy?.policyTypes).toEqual(["Ingress"]);
    const rules = incoming(objects, name);
    const operator = { "app.kubernetes.io/name": "cloudnative-pg" };
    for (const port of [5432, 8000]) {
      expect(allows(rules, { namespace: "cnpg-system", pod: operator }, port)).toBe(true);
      expect(allows(rules, { pod: { "cnpg.io/cluster": name } }, port)).toBe(true);
      expect(allows(rules, { pod: operator }, port)).toBe(false);
      expect(allows(rules, { namespace: "cnpg-system", pod: {} }, port)).toBe(false);
      for (const other of names.filter((each) => each !== name)) {
        expect(allows(rules, { pod: { "cnpg.io/cluster": other } }, port)).toBe(false);
      }
      expect(allows(rules, prometheus, port)).toBe(false);
    }
    expect(allows(rules, prometheus, 9187)).toBe(true);
    expect(allows(rules, { ...prometheus, namespace: "monitoring" }, 9187)).toBe(true);
    for (const port of [5432, 8000, 9187]) {
      expect(allows(rules, stranger, port)).toBe(false);
      expect(allows(rules, { address: "0.0.0.0/0" }, port)).toBe(false);
    }
  });
});

// One of the sets has backups, where there is kubectl.
const withBackups = postgresDeliveries.filter(([title]) => title.includes("backups"));

describe.each(withBackups)("backups by %s", (_, objects) => {
  const [store, ...others] = all(objects, "ObjectStore");

  test("both databases archive their WAL to the object store that the kustomization names", () => {
    expect(others).toEqual([]);
    expect(store?.spec.configuration.destinationPath).toMatch(/^s3:\/\/[A-Za-z-]+\/$/);
    expect(store?.spec.configuration.destinationPath).not.toContain("example");
    for (const name of names) {
      expect(only(objects, "Cluster", name).spec.plugins).toEqual([
        {
          name: "barman-cloud.cloudnative-pg.io",
          isWALArchiver: true,
          parameters: { barmanObjectName: store?.metadata.name ?? "" },
        },
      ]);
    }
  });

  test("each database is copied every night, at another time than the other", () => {
    const schedules = names.map((name) => {
      const { spec } = only(objects, "ScheduledBackup", name);
      expect(spec.cluster.name).toBe(name);
      expect([spec.method, spec.pluginConfiguration.name]).toEqual([
        "plugin",
        "barman-cloud.cloudnative-pg.io",
      ]);
      // Six fields. Read with five, it would run every hour or never.
      expect(spec.schedule).toMatch(/^0 \d{1,2} \d{1,2} \* \* \*$/);
      return spec.schedule;
    });
    expect(new Set(schedules).size).toBe(names.length);
  });

  test("a month of copies is kept", () => {
    expect(store?.spec.retentionPolicy).toBe("30d");
  });
});
