// A deploy from its checks to what runs after it.
import { checkKustomization, withNote } from "./applied-kustomization.ts";
import { isDeployment, documents, type ClusterObject } from "./cluster-objects.ts";
import { checkDeletionRights, readState, type State } from "./cluster-state.ts";
import { lock, recordState, unlock } from "./deploy-record.ts";
import { messageOf } from "./error-text.ts";
import { status } from "./exit-status.ts";
import type { Image } from "./images.ts";
import type { Kubectl } from "./kubectl.ts";
import { checkImages, checkNamespace, render, stages } from "./manifests.ts";
import { rollBack } from "./roll-back.ts";
import { describePods, printCurrentWorkloads, printWorkloads, waitForRollout } from "./rollout.ts";
import { nextSignal } from "./signals.ts";
import { verifyImages, type Verification } from "./signatures.ts";

/** What a deploy is told beside its images. */
export interface Options {
  readonly kubectl: Kubectl;
  /** How long each rollout may take, as kubectl reads it. */
  readonly timeout: string;
  /** The folder of the kustomization to deploy. */
  readonly kustomization: string;
  /** The folder of another one, in the place of which it may be deployed. */
  readonly replaced?: string | undefined;
  /** An empty folder outside the checkout. */
  readonly folder: string;
  readonly verification: Verification;
}

/**
 * Deploys the images, or leaves everything as it was.
 *
 * @returns the exit status
 * @throws Error with the reason if it has changed nothing
 */
export async function deploy(images: readonly Image[], options: Options): Promise<number> {
  const { kubectl, timeout } = options;
  const interrupted = nextSignal();
  const objects = await renderAndCheck(images, options);
  interrupted.throwIfAborted();
  const before = await lockAndRecord(kubectl, objects);
  try {
    for (const stage of stages(objects, images)) {
      interrupted.throwIfAborted();
      await applyStage(kubectl, stage, timeout, interrupted);
    }
  } catch (error) {
    console.error(`\n${messageOf(error)}`);
    return await rollBack(kubectl, before, timeout);
  }
  await printCurrentWorkloads(kubectl, "Deployed. This runs now", objects);
  return (await unlock(kubectl)) ? status.deployed : status.needsOperator;
}

/** The objects to apply, after every check that changes nothing. @throws Error if one of them fails */
async function renderAndCheck(images: readonly Image[], options: Options) {
  const { kubectl, kustomization, replaced, verification } = options;
  const objects = withNote(await render(kubectl, images, options), kustomization);
  checkImages(objects, images);
  await checkNamespace(kubectl, objects);
  await verifyImages(images, verification);
  const present = await readState(kubectl, objects);
  checkKustomization(present.objects, kustomization, replaced);
  await checkDeletionRights(kubectl, present);
  await kubectl.run(["apply", "--dry-run=server", "-f", "-"], { input: documents(objects) });
  return objects;
}

/** Locks out every other deploy, and keeps what runs. @throws Error if another deploy has not ended */
async function lockAndRecord(kubectl: Kubectl, objects: readonly ClusterObject[]): Promise<State> {
  await lock(kubectl);
  try {
    const before = await readState(kubectl, objects);
    await recordState(kubectl, before);
    printWorkloads("Before", objects, before.objects);
    return before;
  } catch (error) {
    await unlock(kubectl);
    throw error;
  }
}

/** Applies the objects, and waits for the Deployment among them. @throws Error if it does not get ready */
async function applyStage(
  kubectl: Kubectl,
  stage: readonly ClusterObject[],
  timeout: string,
  interrupted: AbortSignal,
): Promise<void> {
  const options = { input: documents(stage), shown: true };
  const { ok } = await kubectl.attempt(["apply", "-f", "-"], options);
  if (!ok) throw new Error("The cluster has not accepted every object");
  for (const deployment of stage.filter(isDeployment)) {
    if (await waitForRollout(kubectl, deployment, timeout, interrupted)) continue;
    interrupted.throwIfAborted();
    await describePods(kubectl, deployment);
    throw new Error(`The rollout of ${deployment.metadata.name} has failed`);
  }
}
