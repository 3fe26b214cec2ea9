// The Kubernetes manifests of a release, as kubectl renders them.
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { type ServiceImage, writeKustomization } from "../kustomization.ts";
import { ReleaseError } from "./repository.ts";

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
  images: readonly ServiceImage[],
  { root = ".", kubectl = "kubectl" } = {},
): Promise<ReadonlyMap<string, string>> {
  await using scratch = temporaryFolder();
  const rendered = new Map<string, string>();
  for (const [name, path] of await kustomizations(root)) {
    const folder = join(scratch.path, name);
    await mkdir(folder);
    await writeKustomization(folder, join(root, path), images);
    const { exitCode, stdout, stderr } = await $`${kubectl} kustomize ${folder}`.quiet().nothrow();
    if (exitCode !== 0) {
      throw new ReleaseError(`kubectl cannot render ${path}: ${stderr.toString()}`);
    }
    const text = stdout.toString();
    const [left] = /ghcr\.io\/example\/\S+/.exec(text) ?? [];
    if (left !== undefined)
      throw new ReleaseError(
        `${path} has ${left}, and scripts/services.ts has no such service. Add it, or remove the image`,
      );
    rendered.set(name, text);
  }
  return rendered;
}
