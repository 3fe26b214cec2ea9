// What is in a service's image: the packages in its executable, the runtime around them, the base image.
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { bundleOptions } from "../bundle.ts";
import { root } from "../root.ts";
import { runtimePackage } from "../runtime.ts";
import { type Locked, productionClosure } from "./lockfile.ts";

/** A part that has a version of its own. */
export interface Component {
  /** Package URL, by which scanners look a component up; unique in an inventory. */
  readonly purl: string;
  readonly kind: "application" | "library" | "platform" | "container";
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, unless the component has no single one. */
  readonly license: string | undefined;
  /** SHA-512 of the archive that the component was installed from, in hexadecimal. */
  readonly sha512?: string;
  /** The name in the US database of vulnerabilities, of what has no package of its own. */
  readonly cpe?: string;
  /** The package URLs of the components that this one depends on, sorted. */
  readonly needs: readonly string[];
}

/** The service, and everything in its image, sorted by package URL. */
export interface Inventory {
  readonly service: Component;
  readonly parts: readonly Component[];
}

/** The targets of the platforms that an image has: linux/amd64 and linux/arm64. */
const imageTargets = ["linux-x64", "linux-arm64"] as const;

const npmPurl = (id: string): string => {
  const at = id.lastIndexOf("@");
  return `pkg:npm/${id.slice(0, at).replace("@", "%40")}@${encodeURIComponent(id.slice(at + 1))}`;
};

/** A package of a lockfile. */
function packageOf(
  id: string,
  locked: Locked | undefined,
  rest: Pick<Component, "kind" | "license" | "needs">,
): Component {
  const at = id.lastIndexOf("@");
  const integrity = locked?.integrity?.replace(/^sha512-/, "") ?? "";
  return {
    purl: npmPurl(id),
    name: id.slice(0, at),
    version: id.slice(at + 1),
    sha512: Buffer.from(integrity, "base64").toString("hex"),
    ...rest,
  };
}

/** The folders in node_modules from which a service's executable has code or files. */
async function bundledFolders(service: string): Promise<string[]> {
  const { metafile } = await Bun.build({ ...bundleOptions(service, ""), metafile: true });
  const inputs = Object.values(metafile?.outputs ?? {}).flatMap((output) =>
    Object.keys(output.inputs),
  );
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined).sort();
}

/** The base image: by digest, if scripts/bases/Dockerfile has one. */
async function readBase(): Promise<Component> {
  const dockerfile = await Bun.file(join(root, "scripts/bases/Dockerfile")).text();
  const [, image = "", tag = "", digest] =
    /^FROM (\S+?):(\w+)(?:@(\S+))? AS base$/m.exec(dockerfile) ?? [];
  if (image === "") throw new Error("scripts/bases/Dockerfile has no stage named base");
  const version = digest ?? tag;
  const purl = `pkg:oci/${image.slice(image.lastIndexOf("/") + 1)}@${encodeURIComponent(version)}`;
  const query = `repository_url=${image}&tag=${tag}`;
  return {
    purl: `${purl}?${query}`,
    kind: "container",
    name: image,
    version,
    license: undefined,
    needs: [],
  };
}

/**
 * Lists what is in a service's image: of Bun, the package for each of its platforms. Of the packages in the lockfile it lists those that the bundler puts
 * into the executable: others, such as packages of types, are in no file that runs.
 *
 * @throws Error if the executable would contain a package that is no dependency in production
 */
export async function inventoryOf(service: string): Promise<Inventory> {
  const closure = await productionClosure(service);
  const licenses = new Map<string, string | undefined>();
  for (const folder of await bundledFolders(service)) {
    const { name, version, license } = (await Bun.file(
      join(root, folder, "package.json"),
    ).json()) as {
      name: string;
      version: string;
      license?: string;
    };
    const id = `${name}@${version}`;
    if (!closure.has(id))
      throw new Error(`${service} has ${id} in its executable by a dev dependency`);
    licenses.set(id, license);
  }

  /** What a package needs, and in place of what is not in the executable, what that one needs. */
  const needsOf = (id: string, seen = new Set<string>()): string[] =>
    (closure.get(id)?.needs ?? []).flatMap((needed) => {
      if (seen.has(needed)) return [];
      seen.add(needed);
      return licenses.has(needed) ? [npmPurl(needed)] : needsOf(needed, seen);
    });

  const packages = [...licenses].map(([id, license]) =>
    packageOf(id, closure.get(id), { kind: "library", license, needs: needsOf(id).sort() }),
  );

  const { sqlite = "" } = process.versions;
  const database: Component = {
    purl: `pkg:generic/sqlite@${sqlite}`,
    kind: "library",
    name: "sqlite",
    version: sqlite,
    license: "blessing",
    cpe: `cpe:2.3:a:sqlite:sqlite:${sqlite}:*:*:*:*:*:*:*`,
    needs: [],
  };
  const lockedRuntimes = await productionClosure("", join(root, "scripts/runtimes/bun.lock"));
  const runtimes = imageTargets.map((target) => {
    const id = `${runtimePackage(target)}@${Bun.version}`;
    const rest = { kind: "platform", license: "MIT", needs: [database.purl] } as const;
    return packageOf(id, lockedRuntimes.get(id), rest);
  });
  // By this name databases of vulnerabilities have Bun. It is no archive: the image has one of the runtimes.
  const runtime: Component = {
    purl: `pkg:npm/bun@${Bun.version}`,
    kind: "platform",
    name: "bun",
    version: Bun.version,
    license: "MIT",
    needs: runtimes.map(({ purl }) => purl).sort(),
  };
  const base = await readBase();

  return {
    service: {
      purl: `pkg:generic/${service}@${manifest.version}`,
      kind: "application",
      name: service,
      version: manifest.version,
      license: manifest.license,
      needs: [...needsOf(service), runtime.purl, base.purl].sort(),
    },
    parts: [...packages, ...runtimes, runtime, database, base].sort((a, b) =>
      a.purl < b.purl ? -1 : 1,
    ),
  };
}
