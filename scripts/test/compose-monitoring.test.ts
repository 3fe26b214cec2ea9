// compose.monitoring.yaml: what its containers may see and reach. monitoring/test/compose.test.ts checks
// what they read.
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { YAML } from "bun";
import { root } from "../root.ts";
import { services as all } from "../services.ts";
import { readPage } from "./pages.ts";

/** The parts of a compose file that these tests read. */
interface Compose {
  services: Record<
    string,
    {
      image?: string;
      user?: string;
      environment?: Record<string, unknown>;
      volumes?: string[];
      ports?: string[];
      networks?: string[];
      read_only?: boolean;
      privileged?: boolean;
    }
  >;
  volumes: Record<string, unknown>;
}

const read = async (file: string) => YAML.parse(await readPage(file)) as Compose;
const base = await read("compose.yaml");
const postgres = await read("compose.postgres.yaml");
const { services, volumes } = await read("compose.monitoring.yaml");
const names: string[] = all.map(({ name }) => name);
const parts = Object.entries(services).filter(([name]) => !names.includes(name));

/** The names of the parts for which something holds. */
const those = (holds: (part: Compose["services"][string]) => boolean) =>
  parts.filter(([, part]) => holds(part)).map(([name]) => name);

test.each(names)(
  "compose.monitoring.yaml: %s changes in nothing but where its spans go",
  (name) => {
    expect(services[name]).toEqual({
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: "${OTEL_EXPORTER_OTLP_ENDPOINT:-http://jaeger:4318}",
        OTEL_TRACES_SAMPLER: null,
        OTEL_TRACES_SAMPLER_ARG: null,
      },
    });
  },
);

describe.each(parts)("%s in compose.monitoring.yaml", (name, part) => {
  test("has the restrictions of a service: no capabilities, a read-only root, limits, short logs", () => {
    const service: Record<string, unknown> = { ...base.services["user-service"] };
    for (const key of ["read_only", "cap_drop", "security_opt", "cpus", "pids_limit", "logging"]) {
      expect(part).toHaveProperty(key, service[key]);
    }
    expect(part).toHaveProperty("mem_limit", expect.stringMatching(/^\d+m$/));
    expect(part.privileged).toBeUndefined();
  });

  test("is an image of one version", () => {
    expect(part.image).toMatch(/^[\w./-]+:v?\d+\.\d+\.\d+$/);
  });

  test("writes to one volume of its own, and reads files that are there", () => {
    const mounts = (part.volumes ?? []).filter((mount) => !mount.includes("docker.sock"));
    const [written = "", ...others] = mounts.filter((mount) => !mount.endsWith(":ro"));
    expect(others).toEqual([]);
    expect(written).toStartWith(`${name}_data:`);
    expect(volumes).toHaveProperty(`${name}_data`);
    for (const mount of mounts.filter((each) => each !== written)) {
      expect(mount).toStartWith("./monitoring/");
      expect(existsSync(join(root, mount.split(":")[0] ?? ""))).toBe(true);
    }
  });
});

test("compose.monitoring.yaml: Grafana and Prometheus are published, on 127.0.0.1, and nothing else is", () => {
  expect(those(({ ports }) => ports !== undefined)).toEqual(["prometheus", "grafana"]);
  expect(services["prometheus"]?.ports).toEqual(["${PROMETHEUS_PUBLISH:-127.0.0.1:9090}:9090"]);
  expect(services["grafana"]?.ports).toEqual(["${GRAFANA_PUBLISH:-127.0.0.1:3000}:3000"]);
});

test("compose.monitoring.yaml: Alloy alone has the socket of the Docker engine, and is not published", () => {
  const mountsSocket = ({ volumes = [] }: { volumes?: string[] }) =>
    volumes.some((mount) => mount.includes("docker.sock"));
  expect(those(mountsSocket)).toEqual(["alloy"]);
  expect(services["alloy"]?.volumes).toContain(
    "${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock:ro",
  );
  expect(services["alloy"]?.networks).toEqual(["monitoring"]);
});

test("compose.monitoring.yaml: the services reach Prometheus and Jaeger, and no part reaches PostgreSQL", () => {
  expect(those(({ networks = [] }) => networks.includes("default"))).toEqual([
    "prometheus",
    "jaeger",
  ]);
  for (const [, { networks }] of parts) expect(networks).toContain("monitoring");
  expect(those(({ networks = [] }) => networks.includes("database"))).toEqual([]);
});

test("compose.monitoring.yaml: Grafana has no account, so it has no password that all know", () => {
  expect(services["grafana"]?.environment).toMatchObject({
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
    GF_AUTH_BASIC_ENABLED: "false",
    GF_AUTH_DISABLE_LOGIN_FORM: "true",
    GF_AUTH_ANONYMOUS_ORG_ROLE: "Editor",
  });
});

test("compose.monitoring.yaml: no part and no volume has the name of one of the other files", () => {
  const taken = [base, postgres].flatMap((file) => [
    ...Object.keys(file.services),
    ...Object.keys(file.volumes),
  ]);
  const own = [...parts.map(([name]) => name), ...Object.keys(volumes)];
  expect(own.filter((name) => taken.includes(name))).toEqual([]);
});
