// What k8s/ consists of, with images in the place of its placeholders.
import { realpathSync } from "node:fs";
import { join, relative } from "node:path";

/** An image of a service. */
export interface ServiceImage {
  readonly service: string;
  /** As in `ghcr.io/acme/user-service`. */
  readonly name: string;
  /** As in `sha256:…`. */
  readonly digest: string;
}

/**
 * Writes a kustomization that is another one with these images, in the place of the placeholders and of the same
 * images by a tag or another digest, which a kustomization of an owner may name.
 *
 * @param folder where to write it: outside the checkout, which stays unchanged
 * @param base the folder of the other one
 */
export async function writeKustomization(
  folder: string,
  base: string,
  images: readonly ServiceImage[],
): Promise<void> {
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    // kubectl takes no absolute path, and follows symbolic links before it goes up.
    resources: [relative(realpathSync(folder), realpathSync(base))],
    images: images.flatMap(({ service, name, digest }) => [
      { name: `ghcr.io/example/${service}`, newName: name, digest },
      { name, digest },
    ]),
  };
  // kubectl reads JSON as the YAML that it is.
  await Bun.write(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
}
