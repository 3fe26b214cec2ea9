// The TypeScript types of each version of Kubernetes that the manifests are for. Only the oldest come from a
// dependency: the packages with the others depend on a whole client each, and are downloaded for their types.
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { download, type NpmArchive } from "./npm-archive.ts";

/** A version, and the types of its kinds. */
export interface KubernetesVersion {
  /** Such as `1.37`. */
  readonly name: string;
  /** The type of a kind, as code. @param group `apps`, or `core` @param version of the group */
  readonly typeOf: (group: string, version: string, kind: string) => string;
}

const cache = join(import.meta.dir, "../../node_modules/.cache");

/** Unpacks files of an archive, unless they are there. @returns the folder of the package */
async function unpack(archive: NpmArchive, files: readonly string[]): Promise<string> {
  const folder = join(cache, `${archive.name.replace("/", "+")}@${archive.version}`);
  if (!(await Bun.file(join(folder, "package/package.json")).exists())) {
    const partial = `${folder}.${process.pid}`;
    await mkdir(partial, { recursive: true });
    const glob = ["package.json", ...files].map((path) => `package/${path}`);
    await (await download(archive)).extract(partial, { glob });
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  }
  return join(folder, "package");
}

/** The types of Pulumi, which has releases for some versions of Kubernetes. */
async function fromPulumi(
  name: string,
  version: string,
  integrity: string,
): Promise<KubernetesVersion> {
  const files = ["types/input.d.ts", "types/enums/**/*.d.ts"];
  const folder = await unpack({ name: "@pulumi/kubernetes", version, integrity }, files);
  // Beside its value, Pulumi takes for a field what will have the value when Pulumi runs. No manifest has that.
  const stub = join(folder, "node_modules/@pulumi/pulumi/index.d.ts");
  await Bun.write(stub, "export type Input<T> = T;\n");
  return {
    name,
    typeOf: (group, version, kind) => `import("${folder}/types/input").${group}.${version}.${kind}`,
  };
}

/** The types of the client of the Kubernetes project, which has releases for some versions too. */
async function fromClient(
  name: string,
  version: string,
  integrity: string,
): Promise<KubernetesVersion> {
  const files = ["dist/types.d.ts", "dist/gen/models/*.d.ts"];
  const folder = await unpack({ name: "@kubernetes/client-node", version, integrity }, files);
  const json = join(import.meta.dir, "client-node.ts");
  return {
    name,
    typeOf(_, version, kind) {
      const model = `${version.toUpperCase()}${kind}`;
      return `import("${json}").Json<import("${folder}/dist/gen/models/${model}").${model}>`;
    },
  };
}

const oldest: KubernetesVersion = {
  name: "1.30",
  typeOf: (group, version, kind) => `import("kubernetes-types/${group}/${version}").${kind}`,
};

/** The oldest version that the manifests are for, and those that the Kubernetes project maintains. */
export const kubernetesVersions: readonly KubernetesVersion[] = [
  oldest,
  ...(await Promise.all([
    fromClient(
      "1.34",
      "1.4.0",
      "sha512-Zge3YvF7DJi264dU1b3wb/GmzR99JhUpqTvp+VGHfwZT+g7EOOYNScDJNZwXy9cszyIGPIs0VHr+kk8e95qqrA==",
    ),
    fromPulumi(
      "1.35",
      "4.29.0",
      "sha512-gA0Kg76en7DStYFM72nKNdy5ByGztCeRfXzxE+Ww7GW9eb8xosc/kZX7r4u9LQURNqPvys+7JM2O+GTqUNcakg==",
    ),
    fromPulumi(
      "1.36",
      "4.33.0",
      "sha512-tSMUDEWNl1pqOrANVqQRao5KRKB9waghbjpC29MUqCaqiVLZe6V0biVGC0TRDMy3hKXdP2VjiLAZ7DMnqts7rw==",
    ),
    fromPulumi(
      "1.37",
      "4.34.2",
      "sha512-OcIe8OUwivkEngmjinrmke54INbJ0L6u/CWm8mLh6F7pmIDXyHGTM8PzcZsg5QbSm24HnNUHLl2tEUoOBxDo3w==",
    ),
  ])),
];
