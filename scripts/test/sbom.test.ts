// scripts/sbom.ts: what a scanner finds in its documents is what the executables contain.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { SPDX, Spec, Validation } from "@cyclonedx/cyclonedx-library";
import manifest from "../../package.json" with { type: "json" };
import shared from "../../shared/package.json" with { type: "json" };
import { executableOf } from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import { serviceNames, services } from "../services.ts";

const script = resolve(root, "scripts/sbom.ts");

/** The parts of a CycloneDX document that these tests read. */
interface CycloneDx {
  readonly metadata: { readonly timestamp: string };
  readonly components: readonly {
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes?: readonly { readonly content: string }[];
    readonly licenses?: readonly unknown[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** The parts of an SPDX document that these tests read. */
interface Spdx {
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
  readonly documentNamespace: string;
  readonly packages: readonly {
    readonly SPDXID: string;
    readonly name: string;
    readonly versionInfo: string;
    readonly licenseDeclared: string;
    readonly checksums?: readonly { readonly checksumValue: string }[];
    readonly externalRefs: readonly { readonly referenceLocator: string }[];
  }[];
  readonly relationships: readonly {
    readonly spdxElementId: string;
    readonly relationshipType: string;
    readonly relatedSpdxElement: string;
  }[];
}

function run(args: readonly string[], env: Record<string, string | undefined> = {}, cwd = root) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, script, ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
  return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

/** `name@version` of each package that a comment of the bundler names in an executable. */
async function packagesIn(executable: string): Promise<string[]> {
  const text = Buffer.from(await Bun.file(executable).bytes()).toString("latin1");
  const comments = text.matchAll(/^\/\/ node_modules\/\.bun\/([^/\n]+)\/node_modules\//gm);
  // The folder of @scope/name is @scope+name. Behind the version, + and a hash stand for the peers.
  const names = [...comments].map(([, folder = ""]) =>
    folder.replace(/(@[^@]+)\+[0-9a-f]{16}$/, "$1").replace(/^(@[^+]+)\+/, "$1/"),
  );
  return [...new Set(names)].sort();
}

/** The packages that tests and tools need, and no service. */
async function devDependencies(): Promise<string[]> {
  const manifests = (await Promise.all(
    [".", ...manifest.workspaces].map((folder) =>
      Bun.file(resolve(root, folder, "package.json")).json(),
    ),
  )) as Partial<Record<"dependencies" | "devDependencies", Record<string, string>>>[];
  const listed = (key: "dependencies" | "devDependencies") =>
    manifests.flatMap((manifest) => Object.keys(manifest[key] ?? {}));
  const needed = new Set(listed("dependencies"));
  return listed("devDependencies").filter((name) => !needed.has(name));
}

describe.each(serviceNames)("the SBOM of %s", (service) => {
  const env = { SOURCE_DATE_EPOCH: "1700000000" };
  const printed = {
    cyclonedx: run([service, "--format", "cyclonedx"], env).stdout,
    spdx: run([service, "--format", "spdx"], env).stdout,
  };
  const cyclonedx = JSON.parse(printed.cyclonedx) as CycloneDx;
  const spdx = JSON.parse(printed.spdx) as Spdx;
  const ids = cyclonedx.components.map(({ name, version }) => `${name}@${version}`);

  test("lists every package that is in the executable, with its exact version, and no other", async () => {
    const packages = cyclonedx.components.filter(
      ({ type, name }) => type === "library" && name !== "sqlite",
    );
    const listed = packages.map(({ name, version }) => `${name}@${version}`).sort();
    expect(listed).toEqual(await packagesIn(executableOf(service)));
    expect(listed).toContain(`elysia@${shared.dependencies.elysia}`);
    expect(listed).toContain("sonic-boom@4.2.1");
    expect(listed).toContain("sonic-boom@5.0.2");
  });

  test("lists no dev dependency", async () => {
    const names = cyclonedx.components.map(({ name }) => name);
    const dev = await devDependencies();
    expect(dev).toContain("typescript");
    expect(names.filter((name) => dev.includes(name))).toEqual([]);
  });

  test("lists Bun, the SQLite in it, and the base of the image", async () => {
    expect(ids).toContain(`bun@${manifest.engines.bun}`);
    using database = new Database(":memory:");
    const { version } = database.query("SELECT sqlite_version() AS version").get() as {
      version: string;
    };
    expect(ids).toContain(`sqlite@${version}`);
    const dockerfile = await Bun.file(resolve(root, `${service}/Dockerfile`)).text();
    const [, base = "none"] = /base\.name="([^:]+)/.exec(dockerfile) ?? [];
    expect(cyclonedx.components).toContainEqual(expect.objectContaining({ name: base }));
  });

  test("lists the package of Bun for each platform of the image, by the hash in scripts/runtimes/bun.lock", async () => {
    const file = resolve(root, "scripts/runtimes/bun.lock");
    const { packages } = Bun.JSONC.parse(await Bun.file(file).text()) as {
      packages: Readonly<Record<string, readonly [string, string, object, integrity: string]>>;
    };
    for (const name of ["@oven/bun-linux-x64", "@oven/bun-linux-aarch64"]) {
      const component = cyclonedx.components.find((found) => found.name === name);
      const hashes = component?.hashes?.map(({ content }) => Buffer.from(content, "hex"));
      const [, , , integrity] = packages[name] ?? [];
      expect(hashes?.map((hash) => `sha512-${hash.toString("base64")}`)).toEqual([`${integrity}`]);
      expect(ids).toContain(`${name}@${manifest.engines.bun}`);
    }
    expect(ids.filter((id) => id.startsWith("@oven/"))).toHaveLength(2);
  });

  test("has a license and a package URL for everything, and a hash for each package", () => {
    for (const { name, purl, licenses, hashes } of cyclonedx.components) {
      expect(purl).toMatch(/^pkg:(npm|generic|oci)\/\S+@\S+$/);
      if (purl.startsWith("pkg:oci/")) continue;
      expect({ name, licenses }).toEqual({ name, licenses: [expect.anything()] });
      if (purl.startsWith("pkg:npm/") && name !== "bun") {
        expect({ name, hash: hashes?.[0]?.content }).toEqual({
          name,
          hash: expect.stringMatching(/^[0-9a-f]{128}$/),
        });
      }
    }
  });

  test("leads from the service to everything in it", () => {
    const needs = new Map(cyclonedx.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set<string>();
    const visit = (ref: string) => {
      if (reached.has(ref)) return;
      reached.add(ref);
      needs.get(ref)?.forEach(visit);
    };
    visit(`pkg:generic/${service}@${manifest.version}`);
    expect([...reached].sort()).toEqual([...needs.keys()].sort());
  });

  test("is valid CycloneDX 1.6", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(cyclonedx))).toBeNull();
    expect(await validator.validate(JSON.stringify({ ...cyclonedx, version: "1" }))).not.toBeNull();
  });

  // No package has the schema of SPDX 2.3: these are the rules that a generator can break.
  test("is valid SPDX 2.3, and has the same content", () => {
    expect(spdx).toMatchObject({
      spdxVersion: "SPDX-2.3",
      dataLicense: "CC0-1.0",
      SPDXID: "SPDXRef-DOCUMENT",
      name: expect.any(String),
    });
    expect(spdx.documentNamespace).toMatch(/^https:\/\/[^#\s]+$/);
    expect(spdx.creationInfo.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(spdx.creationInfo.creators).toEqual([expect.stringMatching(/^Tool: \S+-\S+$/)]);
    const elements = spdx.packages.map(({ SPDXID }) => SPDXID);
    expect(new Set(elements).size).toBe(elements.length);
    for (const { SPDXID, licenseDeclared } of spdx.packages) {
      expect(SPDXID).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
      const license = SPDX.isSupportedSpdxId(licenseDeclared) || licenseDeclared;
      expect([true, "NOASSERTION"]).toContain(license);
    }
    for (const { spdxElementId, relatedSpdxElement } of spdx.relationships) {
      expect(["SPDXRef-DOCUMENT", ...elements]).toContain(spdxElementId);
      expect(elements).toContain(relatedSpdxElement);
    }

    const [, ...parts] = spdx.packages;
    expect(parts.map(({ externalRefs }) => externalRefs[0]?.referenceLocator)).toEqual(
      cyclonedx.components.map(({ purl }) => purl),
    );
    expect(parts.map(({ checksums }) => checksums?.[0]?.checksumValue)).toEqual(
      cyclonedx.components.map(({ hashes }) => hashes?.[0]?.content),
    );
    const types = Map.groupBy(spdx.relationships, ({ relationshipType }) => relationshipType);
    expect(types.get("DESCRIBES")).toHaveLength(1);
    expect(types.get("DEPENDS_ON")).toHaveLength(
      cyclonedx.dependencies.flatMap(({ dependsOn }) => dependsOn).length,
    );
  });

  test.each(["cyclonedx", "spdx"] as const)(
    "is the same %s wherever it is made",
    async (format) => {
      await using folder = temporaryFolder();
      const written = run([service, "--format", format, "--out", "sbom.json"], env, folder.path);
      expect(written).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(await Bun.file(resolve(folder.path, "sbom.json")).text()).toBe(printed[format]);
      expect(printed[format]).toContain('"2023-11-14T22:13:20Z"');
    },
  );
});

test("sbom.ts refuses a service, a format and a time that it does not know", () => {
  const service = services[0]?.name ?? "";
  expect(run(["nothing"])).toMatchObject({ status: 2, stdout: "" });
  expect(run([])).toMatchObject({ status: 2, stdout: "" });
  expect(run([service, "--format", "xml"]).stderr).toStartWith('Cannot write format "xml"\n');
  const { status, stderr } = run([service], { SOURCE_DATE_EPOCH: "today" });
  expect(status).toBe(2);
  expect(stderr).toStartWith('Set SOURCE_DATE_EPOCH to seconds since 1970, found "today"\n');
});
