// The Kubernetes manifests of a release, as kubectl renders them.
import { cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { ReleaseError } from "./repository.ts";

/** An image of a service by digest: `NAME@sha256:…`. */
export interface Image {
  readonly service: string;
  readonly name: string;
  readonly digest: string;
}

/** The kustomizations that a release renders, by the names of its files. */
async function kustomizations(root: string): Promise<ReadonlyMap<string, string>> {
  const overlays = await readdir(join(root, "k8s/overlays"));
  return new Map([
    ["sqlite", "k8s"],
    // The overlay `local` is for images that were built on a developer's machine.
    ...overlays
      .filter((name) => name !== "local")
      .sort()
      .map((name): [string, string] => [name, `k8s/overlays/${name}`]),
  ]);
}

/**
 * Renders every kustomization with these images.
 *
 * @param root the folder that has k8s/ in it
 * @param kubectl the command
 * @returns the manifests, by the names of the kustomizations
 * @throws ReleaseError if kubectl cannot render one, or one has an image that is not given
 */
export async function renderManifests(
  images: readonly Image[],
  { root = ".", kubectl = "kubectl" } = {},
): Promise<ReadonlyMap<string, string>> {
  await using scratch = temporaryFolder();
  for (const folder of ["k8s", "monitoring"]) {
    await cp(join(root, folder), join(scratch.path, folder), { recursive: true });
  }
  const replaced = images.map(({ service, name, digest }) => ({
    name: `ghcr.io/example/${service}`,
    newName: name,
    digest,
  }));
  const rendered = new Map<string, string>();
  for (const [name, path] of await kustomizations(root)) {
    const overlay = join(scratch.path, `release-${name}`);
    await mkdir(overlay);
    // kubectl reads JSON as the YAML that it is.
    const kustomization = JSON.stringify({ resources: [`../${path}`], images: replaced });
    await Bun.write(join(overlay, "kustomization.yaml"), kustomization);
    const { exitCode, stdout, stderr } = await $`${kubectl} kustomize ${overlay}`.quiet().nothrow();
    if (exitCode !== 0)
      throw new ReleaseError(`kubectl cannot render ${path}: ${stderr.toString()}`);
    const text = stdout.toString();
    const [left] = /ghcr\.io\/example\/\S+/.exec(text) ?? [];
    if (left !== undefined) throw new ReleaseError(`${path} has ${left}, which no service is`);
    rendered.set(name, text);
  }
  return rendered;
}
