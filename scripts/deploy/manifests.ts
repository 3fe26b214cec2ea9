// What a kustomization consists of with the images of a deploy, and in which order it is applied.
import { writeKustomization } from "../kustomization.ts";
import { imagesOf, isDeployment, title, type ClusterObject } from "./cluster-objects.ts";
import type { Image } from "./images.ts";
import type { Kubectl } from "./kubectl.ts";

/** Backups and public routes change once the new pods are ready. */
const kindsAppliedLast = ["CronJob", "Ingress", "HTTPRoute"];

/**
 * The objects with these images.
 *
 * @param kustomization its folder
 * @param folder an empty one outside the checkout, which stays unchanged
 * @throws Error
 */
export async function render(
  kubectl: Kubectl,
  images: readonly Image[],
  { kustomization, folder }: { readonly kustomization: string; readonly folder: string },
): Promise<ClusterObject[]> {
  await writeKustomization(folder, kustomization, images);
  // The API server checks the objects before anything is changed.
  return Bun.YAML.parse(await kubectl.run(["kustomize", folder])) as ClusterObject[];
}

/** Checks that the objects run these images, all of them and no other. @throws Error */
export function checkImages(objects: readonly ClusterObject[], images: readonly Image[]): void {
  const references = images.map(({ reference }) => reference);
  for (const object of objects) {
    const other = imagesOf(object).find((image) => !references.includes(image));
    if (other === undefined) continue;
    throw new Error(
      `${title(object)} would run ${other}, which is not among the given images. Name an image of that ` +
        "service too, and let the kustomization give it no other name",
    );
  }
  const deployments = objects.filter(isDeployment).map(({ metadata }) => metadata.name);
  const unknown = images.find(({ service }) => !deployments.includes(service));
  if (unknown === undefined) return;
  throw new Error(`Cannot deploy ${unknown.reference}: there is no Deployment ${unknown.service}`);
}

/** Checks that the objects are for kubectl's namespace: in another a deploy rolls nothing back. @throws Error */
export async function checkNamespace(
  kubectl: Kubectl,
  objects: readonly ClusterObject[],
): Promise<void> {
  const placed = objects.filter(({ metadata }) => metadata.namespace !== undefined);
  if (placed.length === 0) return;
  const namespace = await kubectl.namespace();
  const other = placed.find(({ metadata }) => metadata.namespace !== namespace);
  if (other === undefined) return;
  throw new Error(
    `${title(other)} is for the namespace ${other.metadata.namespace}, and this deploy works in ` +
      `${namespace}, and in no other. Set NAMESPACE=${other.metadata.namespace} or the namespace of the ` +
      "kubeconfig's context, or leave the namespace out of the kustomization",
  );
}

/**
 * The objects in the order of a deploy. Each stage is applied when the Deployment of the one before is
 * ready: first what pods need, then one Deployment after the other, at the end what needs them.
 */
export function stages(objects: readonly ClusterObject[], images: readonly Image[]) {
  const isAppliedLast = ({ kind }: ClusterObject) => kindsAppliedLast.includes(kind);
  const needed = objects.filter((object) => !isDeployment(object) && !isAppliedLast(object));
  const deployments = images.map(({ service }) =>
    objects.filter((object) => isDeployment(object) && object.metadata.name === service),
  );
  // kubectl fails if it is given nothing to apply, as at the end of overlays/postgres.
  return [needed, ...deployments, objects.filter(isAppliedLast)].filter(
    (stage) => stage.length > 0,
  );
}
