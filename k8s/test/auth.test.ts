// components/auth and components/auth-cluster-keys, added to the base and to each overlay.
import { describe, expect, test } from "bun:test";
import type { Container, PodSpec } from "kubernetes-types/core/v1";
import { serviceIssuerSettings } from "../../shared/src/service/auth-settings.ts";
import { readServiceConfig } from "../../shared/src/service/definition.ts";
import { operatorSecrets } from "./cloudnative-pg.ts";
import { environmentOf } from "./environment.ts";
import {
  all,
  authDeliveries,
  backups,
  clusterKeysDeliveries,
  everyDelivery,
  only,
  services,
  shownUnder,
  workload,
  type KubernetesObject,
} from "./manifests.ts";
import { expectRestricted } from "./pod.ts";
import { allows, dns, nodeDns, outgoing, stranger, userService } from "./traffic.ts";

const publicAddress = { address: "93.184.215.14" };
const publicIPv6 = { address: "2606:2800:21f::14" };
const secrets = {
  ...operatorSecrets("users-db", "users"),
  ...operatorSecrets("orders-db", "orders"),
};

/** The variables of a container in the namespace `shop`. */
const variablesOf = (container: Container, objects: readonly KubernetesObject[]) =>
  environmentOf(container, all(objects, "ConfigMap"), secrets, "shop");

/** What a service makes of the variables that it knows. @throws ConfigError as the service does */
function configOf(service: string, environment: Record<string, string>) {
  const engines = {
    sqlite: { migrations: [], stores: () => ({}) },
    postgres: () => Promise.reject(new Error("It is not opened")),
  };
  const common = { name: service, database: "sqlite:data/x.db", engines };
  return service === "user-service"
    ? readServiceConfig(
        { ...common, settings: serviceIssuerSettings, callingService: () => undefined },
        environment,
      )
    : readServiceConfig({ ...common, settings: {} }, environment);
}

test("without the components clients need no token, and no pod has one or may fetch keys", () => {
  const guarded = new Set([...authDeliveries, ...clusterKeysDeliveries].map(([title]) => title));
  for (const [title, objects] of everyDelivery.filter(([name]) => !guarded.has(name))) {
    expect([title, JSON.stringify(objects)]).not.toEqual([
      title,
      expect.stringMatching(/AUTH_|TOKEN_FILE|serviceAccountToken/),
    ]);
    for (const service of services) {
      expect(allows(outgoing(objects, service), publicAddress, 443)).toBe(false);
    }
  }
});

describe.each([...authDeliveries, ...clusterKeysDeliveries])("%s", (title, objects) => {
  const users = workload(objects, "user-service");
  const orders = workload(objects, "order-service");

  test("both services need tokens of one issuer, and know persons by a claim", () => {
    const issuers = services.map((service) => {
      const { container } = workload(objects, service);
      const config = configOf(service, variablesOf(container, objects));
      expect(config).toMatchObject({
        authAudience: service,
        authUserClaim: "user_id",
        authMode: "enforce",
      });
      return [config.authIssuer, config.authJwks];
    });
    expect(issuers[0]).toEqual(issuers[1] ?? []);
    expect(issuers[0]).toEqual([
      "https://login.example.org/realms/shop",
      "https://login.example.org/realms/shop/protocol/openid-connect/certs",
    ]);
  });

  test("user-service accepts the ServiceAccount of order-service in its own namespace alone", () => {
    const environment = variablesOf(users.container, objects);
    expect(configOf("user-service", environment)).toMatchObject({
      authServiceSubject: `system:serviceaccount:shop:${orders.spec.serviceAccountName}`,
    });
    expect(environment["AUTH_SERVICE_ISSUER"]).not.toBe(environment["AUTH_ISSUER"]);
  });

  test("order-service has a token for user-service, of one hour, and none for the API server", () => {
    const { spec, container } = orders;
    const environment = variablesOf(container, objects);
    const mount = container.volumeMounts?.find(({ name }) => name === "user-service-token");
    expect(mount).toEqual({
      name: "user-service-token",
      mountPath: "/var/run/secrets/user-service",
      readOnly: true,
    });
    expect(environment["USER_SERVICE_TOKEN_FILE"]).toBe(`${mount?.mountPath}/token`);
    const audience = configOf("user-service", variablesOf(users.container, objects)).authAudience;
    expect(tokensOf(spec)).toEqual([{ path: "token", audience, expirationSeconds: 3600 }]);
    expect(tokensOf(users.spec)).toEqual([]);
    for (const each of [spec, users.spec, only(objects, "ServiceAccount", "order-service")]) {
      expect(each.automountServiceAccountToken).toBe(false);
    }
  });

  test("the pods of the backups start with what they get of the variables", () => {
    if (title.includes("postgres")) return;
    for (const service of services) {
      const environment = variablesOf(backups(objects, service).container, objects);
      expect(() => configOf(service, environment)).not.toThrow();
      expect(environment["USER_SERVICE_TOKEN_FILE"]).toBeUndefined();
    }
  });

  test.each(services)("%s may fetch keys from public addresses, and nothing else", (service) => {
    const rules = outgoing(objects, service);
    for (const end of [publicAddress, publicIPv6]) {
      expect(allows(rules, end, 443)).toBe(true);
      for (const port of [80, 5432, 8000]) expect(allows(rules, end, port)).toBe(false);
    }
    for (const protocol of ["UDP", "TCP"]) {
      expect(allows(rules, dns, 53, protocol)).toBe(true);
      expect(allows(rules, nodeDns, 53, protocol)).toBe(true);
    }
    const isPrivate = ["10.96.0.1", "100.64.0.1", "169.254.169.254", "172.18.0.2", "192.168.1.1"];
    for (const address of [...isPrivate, "fd00::1", "fe80::1"]) {
      expect([address, allows(rules, { address }, 443)]).toEqual([address, false]);
    }
    for (const end of [stranger, dns]) expect(allows(rules, end, 443)).toBe(false);
  });

  test("what the services already needed still is there, and their pods are as restricted", () => {
    expect(allows(outgoing(objects, "order-service"), userService, 8000)).toBe(true);
    for (const { spec, container } of [users, orders]) {
      expectRestricted(spec);
      const environment = variablesOf(container, objects);
      expect(environment["DATABASE_URL"]).toStartWith(
        title.includes("postgres") ? "postgresql:" : "sqlite:",
      );
    }
    for (const { metadata } of objects) expect(metadata?.namespace).toBeUndefined();
  });
});

describe.each(authDeliveries)("%s", (_, objects) => {
  test("user-service fetches the keys of the cluster's public issuer", () => {
    const { container, spec } = workload(objects, "user-service");
    expect(configOf("user-service", variablesOf(container, objects))).toMatchObject({
      authServiceIssuer: "https://oidc.eks.eu-central-1.amazonaws.com/id/0123",
      authServiceJwks: "https://oidc.eks.eu-central-1.amazonaws.com/id/0123/keys",
    });
    expect(spec.volumes?.some(({ configMap }) => configMap !== undefined) ?? false).toBe(false);
  });
});

describe.each(clusterKeysDeliveries)("%s", (_, objects) => {
  test("user-service reads the keys from the ConfigMap that README.md makes, and reads it anew", async () => {
    const { container, spec } = workload(objects, "user-service");
    const { text } = await shownUnder("The cluster's keys", "README.md");
    const [, name, file] = /kubectl create configmap (\S+) --from-file=(\S+)/.exec(text) ?? [];
    expect(spec.volumes).toContainEqual({ name: "cluster-keys", configMap: { name: name ?? "" } });
    const mount = container.volumeMounts?.find((each) => each.name === "cluster-keys");
    // Without subPath, which would never get renewed keys.
    expect(mount).toEqual({
      name: "cluster-keys",
      mountPath: "/etc/cluster-keys",
      readOnly: true,
    });
    expect(configOf("user-service", variablesOf(container, objects))).toMatchObject({
      authServiceIssuer: "https://kubernetes.default.svc.cluster.local",
      authServiceJwks: `file://${mount?.mountPath}/${file}`,
    });
  });
});

/** The tokens that the kubelet puts into the volumes of a pod. */
function tokensOf({ volumes = [] }: PodSpec) {
  return volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
}
