// The Kubernetes manifests of a release, as kubectl renders them.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { type ServiceImage, writeKustomization } from "../kustomization.ts";
import { ReleaseError } from "./repository.ts";

/**
 * The kustomizations that a release renders, by the names of its files. Not every overlay: `local` is for images
 * that were built on a developer's machine, and one of an owner has the owner's hosts and secrets.
 */
const kustomizations = { sqlite: "k8s", postgres: "k8s/overlays/postgres" };

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
  const given = new Set(images.map(({ name, digest }) => `${name}@${digest}`));
  const rendered = new Map<string, string>();
  for (const [name, path] of Object.entries(kustomizations)) {
    const folder = join(scratch.path, name);
    await mkdir(folder);
    await writeKustomization(folder, join(root, path), images);
    const { exitCode, stdout, stderr } = await $`${kubectl} kustomize ${folder}`.quiet().nothrow();
    if (exitCode !== 0) {
      throw new ReleaseError(`kubectl cannot render ${path}: ${stderr.toString()}`);
    }
    const text = stdout.toString();
    const used = Array.from(text.matchAll(/^[ -]*image: (.*)$/gm), ([, image = ""]) => image);
    const other = used.find((image) => !given.has(image));
    if (other !== undefined) {
      throw new ReleaseError(
        `${path} has ${other}, which is none of the images that CI/CD has tested for the services of ` +
          "scripts/services.ts. Add its service there, or remove the image",
      );
    }
    rendered.set(name, text);
  }
  return rendered;
}
