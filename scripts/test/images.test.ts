// Dockerfiles and compose.yaml agree with each other and with package.json; e2e-compose.sh runs them.
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { YAML } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { serviceNames } from "../services.ts";

const read = (path: string) => Bun.file(resolve(import.meta.dir, "../..", path)).text();

/** The parts of compose.yaml that these tests read. */
interface Compose {
  services: Record<
    string,
    {
      stop_grace_period: string;
      environment: Record<string, unknown>;
      volumes: string[];
      ports: string[];
    }
  >;
}

const compose = YAML.parse(await read("compose.yaml")) as Compose;

describe.each(serviceNames)("the image of %s", (name) => {
  test("is built with the project's version of Bun, and labelled with the project's version", async () => {
    const dockerfile = await read(`${name}/Dockerfile`);
    expect(dockerfile).toContain(`oven/bun:${manifest.engines.bun}\${`);
    expect(dockerfile).toContain(`image.version="${manifest.version}"`);
  });

  test("starts from the images whose digests Dependabot moves", async () => {
    const from = async (path: string) =>
      [...(await read(path)).matchAll(/^FROM (?:--platform=\S+ )?([^\s@$]+)/gm)].map(
        ([, image]) => image,
      );
    expect(await from(`${name}/Dockerfile`)).toEqual(await from("scripts/bases/Dockerfile"));
  });

  test("copies the package.json of each workspace, without which --frozen-lockfile fails", async () => {
    const dockerfile = await read(`${name}/Dockerfile`);
    for (const workspace of manifest.workspaces) {
      expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/\n`);
    }
  });

  test("has the same Dockerfile as the first service, but for its name", async () => {
    const own = async (name: string) =>
      (await read(`${name}/Dockerfile`))
        .replace(/^COPY \S+\/package.json .*\n/gm, "")
        .replaceAll(name, "NAME")
        .replaceAll(name.replace("-", "_"), "NAME");
    expect(await own(name)).toBe(await own(serviceNames[0] ?? ""));
  });
});

describe.each(serviceNames)("%s in compose.yaml", (name) => {
  const service = compose.services[name];

  test("has no privileges, a read-only root, and limits", () => {
    const security_opt = ["no-new-privileges:true"];
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt });
    const limits = ["mem_limit", "cpus", "pids_limit", "logging.options.max-size"];
    for (const limit of limits) expect(service).toHaveProperty(limit);
  });

  test("has longer to stop than its drain and grace take together", () => {
    const { SHUTDOWN_DRAIN_MS: drainMs, SHUTDOWN_GRACE_MS: graceMs } = service?.environment ?? {};
    const [, seconds] = /^(\d+)s$/.exec(service?.stop_grace_period ?? "") ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(Number(drainMs) + Number(graceMs));
  });

  test("is published to this machine alone, on a port of its own, unless a variable says more", () => {
    const variable = `${name.toUpperCase().replace("-", "_")}_PUBLISH`;
    const port = 8000 + serviceNames.indexOf(name);
    expect(service?.ports).toEqual([`\${${variable}:-127.0.0.1:${port}}:8000`]);
  });

  test("keeps its database on a volume of its own", async () => {
    const volume = `${name.replace("-service", "")}_data`;
    expect(service?.volumes).toEqual([`${volume}:/data`]);
    expect(await read(`${name}/Dockerfile`)).toContain("DATABASE_URL=sqlite:/data/");
  });
});
