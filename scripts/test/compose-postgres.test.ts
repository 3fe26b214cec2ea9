// compose.postgres.yaml: what its containers may see and reach. e2e-compose-postgres.sh runs
// them, and looks for passwords.
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { YAML } from "bun";
import { services as all } from "../services.ts";

const read = (path: string) => Bun.file(resolve(import.meta.dir, "../..", path)).text();

/** The parts of a compose file that these tests read. */
interface Compose {
  services: Record<
    string,
    {
      image?: string;
      read_only?: boolean;
      environment?: Record<string, unknown>;
      volumes?: string[];
      ports?: string[];
      networks?: string[];
      command?: string[];
    }
  >;
  networks: Record<string, { internal?: boolean }>;
}

const base = YAML.parse(await read("compose.yaml")) as Compose;
const { services, networks } = YAML.parse(await read("compose.postgres.yaml")) as Compose;
const names = all.map(({ name }) => name);
const proxy = await read("compose/proxy/haproxy.cfg");

/** The names of the containers that mount a volume. */
const mounting = (volume: string) =>
  Object.keys(services).filter((name) =>
    services[name]?.volumes?.some((mount) => mount.startsWith(`${volume}:`)),
  );

describe.each(names)("%s in compose.postgres.yaml", (name) => {
  const service = services[name];
  const short = name.replace("-service", "");

  test("gets the URL of its database in a file that no other service sees", () => {
    expect(service?.environment).toMatchObject({
      DATABASE_URL: "",
      DATABASE_URL_FILE: "/run/secrets/database_url",
    });
    expect(service?.volumes).toEqual([`${short}_database_url:/run/secrets:ro`]);
    const mounters = [name, `${name}-move`, "database-passwords"];
    expect(mounting(`${short}_database_url`)).toEqual(mounters);
  });

  test("is moved to its database by a container that no `up` starts", () => {
    expect(services[`${name}-move`]).toMatchObject({
      extends: { file: "compose.yaml", service: name },
      profiles: ["move"],
      command: ["move-to", "/run/secrets/database_url"],
      restart: "no",
    });
  });

  test("publishes no port, of which a second replica could not have the same", () => {
    expect(service?.ports).toEqual([]);
    expect(services["proxy"]?.ports).toEqual(
      names.flatMap(
        (each) =>
          base.services[each]?.ports?.map((port) =>
            port.replace(/:8000$/, `:${8000 + names.indexOf(each)}`),
          ) ?? [],
      ),
    );
  });

  test("is found by the proxy by its name, also while no replica is ready", () => {
    const found = proxy.match(new RegExp(`server-template replica \\d+ ${name}:8000`, "g"));
    expect(found).toHaveLength(2);
  });

  test("drains for longer than the proxy needs to see that it is not ready", () => {
    const [, seconds, checks] = /check inter (\d)s fall (\d)/.exec(proxy) ?? [];
    const drainMs = Number(service?.environment?.["SHUTDOWN_DRAIN_MS"]);
    expect(drainMs).toBeGreaterThan(Number(seconds) * (Number(checks) + 1) * 1000);
  });
});

test("compose.postgres.yaml: the passwords of the database are for PostgreSQL's containers alone", () => {
  const trusted = ["database-passwords", "database", "database-roles"];
  expect(mounting("database_passwords")).toEqual(trusted);
  for (const name of trusted) expect(services[name]?.read_only).toBe(true);
});

test("compose.postgres.yaml: PostgreSQL is published nowhere, and reaches no other network", () => {
  expect(services["database"]?.ports).toBeUndefined();
  expect(networks["database"]?.internal).toBe(true);
  for (const name of ["database", "database-roles"]) {
    expect(services[name]?.networks).toEqual(["database"]);
  }
  expect(services["proxy"]?.networks).toBeUndefined();
});

test("compose.postgres.yaml: max_connections suffices for three replicas of each service after an outage", () => {
  const [, max] = /^max_connections=(\d+)$/.exec(services["database"]?.command?.at(-1) ?? "") ?? [];
  const pools = names.map((name) => Number(services[name]?.environment?.["DATABASE_POOL_SIZE"]));
  // A replica that has lost the server may have twice its pool for a moment. The rest is for psql and
  // superuser_reserved_connections.
  const sessions = pools.reduce((sum, pool) => sum + 3 * 2 * pool, 0);
  expect(sessions).toBeGreaterThan(0);
  expect(Number(max)).toBeGreaterThanOrEqual(sessions + 10);
});
