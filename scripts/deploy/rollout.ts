// Deployments on the cluster: waiting until they are ready, and printing what they run.
import {
  imagesOf,
  isDeployment,
  revisionAnnotation,
  title,
  type ClusterObject,
  type Deployment,
} from "./cluster-objects.ts";
import { readExisting } from "./cluster-state.ts";
import { messageOf } from "./error-text.ts";
import type { Kubectl } from "./kubectl.ts";

/** Whether kubectl reads the text as a time-out: https://pkg.go.dev/time#ParseDuration. */
export const isDuration = (text: string) => /^(?:\d{1,6}(?:\.\d+)?(?:h|m|s|ms))+$/.test(text);

/**
 * Waits until every pod of a Deployment runs its newest template and is ready.
 *
 * @param timeout as kubectl reads it: `5m`
 * @returns whether they are, in time and before the signal
 */
export async function waitForRollout(
  kubectl: Kubectl,
  { metadata: { name } }: ClusterObject,
  timeout: string,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ["rollout", "status", `deployment/${name}`, "--timeout", timeout];
  return (await kubectl.attempt(args, { shown: true, signal })).ok;
}

/** Prints why pods of a Deployment are not ready, as far as the cluster knows. */
export async function describePods(kubectl: Kubectl, { metadata: { name } }: ClusterObject) {
  await kubectl.attempt(["describe", "pods", "-l", `app.kubernetes.io/name=${name}`], {
    shown: true,
  });
}

/** Whether every pod of the Deployment runs its newest template and is ready. */
export function isReady({ metadata, spec, status = {} }: Deployment): boolean {
  return (
    status.observedGeneration === metadata["generation"] &&
    // Pods of an older template count as ready too: none may be left.
    (status.replicas ?? 0) === spec.replicas &&
    (status.updatedReplicas ?? 0) === spec.replicas &&
    (status.readyReplicas ?? 0) === spec.replicas
  );
}

/** Prints the images of every workload that runs now, and each Deployment's revision and pods. */
export async function printCurrentWorkloads(
  kubectl: Kubectl,
  heading: string,
  objects: readonly ClusterObject[],
): Promise<void> {
  const workloads = objects.filter((object) => imagesOf(object).length > 0);
  try {
    printWorkloads(heading, workloads, await readExisting(kubectl, workloads));
  } catch (error) {
    console.error(`${heading}: cannot be seen. ${messageOf(error)}`);
  }
}

/**
 * Prints the images of every workload, and each Deployment's revision and pods.
 *
 * @param present those of the objects that are on the cluster, as they are
 */
export function printWorkloads(
  heading: string,
  objects: readonly ClusterObject[],
  present: readonly ClusterObject[],
): void {
  const found = new Map(present.map((object) => [title(object), object]));
  console.log(`\n${heading}:`);
  for (const workload of objects.filter((object) => imagesOf(object).length > 0)) {
    const name = title(workload);
    const object = found.get(name);
    console.log(`  ${name}: ${object === undefined ? "not there" : summaryOf(object)}`);
  }
}

function summaryOf(object: ClusterObject): string {
  const images = imagesOf(object).join(", ");
  if (!isDeployment(object)) return images;
  const { metadata, spec, status = {} } = object;
  const revision = metadata.annotations?.[revisionAnnotation] ?? "none";
  const pods = `${status.readyReplicas ?? 0} of ${spec.replicas} pods ready`;
  return `${images}, revision ${revision}, ${pods}${isReady(object) ? "" : ", NOT READY"}`;
}
