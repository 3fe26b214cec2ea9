// What k8s/ consists of with the images of a deploy, and in which order it is applied.
import { resolve } from "node:path";
import { writeKustomization } from "../kustomization.ts";
import type { Image } from "./images.ts";
import type { Kubectl } from "./kubectl.ts";
import { imagesOf, isDeployment, title, type ClusterObject } from "./objects.ts";

const k8s = resolve(import.meta.dir, "../../k8s");

/** Backups and public routes change once the new pods are ready. */
const last = ["CronJob", "Ingress", "HTTPRoute"];

/**
 * The objects with these images.
 *
 * @param folder an empty one outside the checkout, which stays unchanged
 */
export async function render(
  kubectl: Kubectl,
  images: readonly Image[],
  folder: string,
): Promise<ClusterObject[]> {
  await writeKustomization(folder, k8s, images);
  // kubectl has built the objects from files that the tests of k8s/ check against their schemas.
  return Bun.YAML.parse(await kubectl.run(["kustomize", folder])) as ClusterObject[];
}

/** @returns why these images are not those that k8s/ needs; undefined if they are */
export function mismatch(
  objects: readonly ClusterObject[],
  images: readonly Image[],
): string | undefined {
  const references = images.map(({ reference }) => reference);
  for (const object of objects) {
    const other = imagesOf(object).find((image) => !references.includes(image));
    if (other !== undefined) return `Name an image for ${title(object)} too: k8s/ has ${other}`;
  }
  const deployments = objects.filter(isDeployment).map(({ metadata }) => metadata.name);
  const unknown = images.find(({ service }) => !deployments.includes(service));
  return unknown && `Cannot deploy ${unknown.reference}: k8s/ has no Deployment ${unknown.service}`;
}

/**
 * The objects in the order of a deploy. Each stage is applied when the Deployment of the one before is
 * ready: first what pods need, then one Deployment after the other, at the end what needs them.
 */
export function stages(objects: readonly ClusterObject[], images: readonly Image[]) {
  const atEnd = ({ kind }: ClusterObject) => last.includes(kind);
  const needed = objects.filter((object) => !isDeployment(object) && !atEnd(object));
  const deployments = images.map(({ service }) =>
    objects.filter((object) => isDeployment(object) && object.metadata.name === service),
  );
  return [needed, ...deployments, objects.filter(atEnd)];
}
