// Back to what ran before a deploy.
import { isDeployment, resource, title } from "./cluster-objects.ts";
import { restoreState, type State } from "./cluster-state.ts";
import { recordedState, unlock } from "./deploy-record.ts";
import { messageOf } from "./error-text.ts";
import { status } from "./exit-status.ts";
import type { Kubectl } from "./kubectl.ts";
import { isReady, printCurrentWorkloads, waitForRollout } from "./rollout.ts";
import { nextSignal } from "./signals.ts";

const again = "Once the cluster answers, run: deploy.sh --undo";

/**
 * Puts back what a deploy has changed, waits until that is ready, and prints what runs.
 *
 * @param timeout how long each Deployment may take to get ready, as kubectl reads it
 * @returns the exit status
 */
export async function rollBack(kubectl: Kubectl, before: State, timeout: string): Promise<number> {
  console.error("Rolling back what this deploy has changed");
  const interrupted = nextSignal();
  try {
    const { accepted, changed, kept } = await restoreState(kubectl, before);
    for (const object of kept) {
      const deletion = ["delete", resource(object), object.metadata.name];
      console.error(
        `${title(object)} stays, because it may hold data. To delete it and its volumes: ` +
          (await kubectl.commandLine(deletion)),
      );
    }
    if (!accepted) {
      console.error(`The cluster has refused a part of the roll-back. ${again}`);
      return status.needsOperator;
    }
    let ready = true;
    for (const deployment of changed.filter(isDeployment)) {
      if (!isReady(deployment)) {
        console.error(`${title(deployment)} was not ready before this deploy either`);
      } else if (!(await waitForRollout(kubectl, deployment, timeout, interrupted))) {
        console.error(`${title(deployment)} is as it was, and its pods are not ready`);
        ready = false;
      }
    }
    await printCurrentWorkloads(kubectl, "Rolled back. This runs now", [
      ...before.objects,
      ...before.missing,
    ]);
    return (await unlock(kubectl)) && ready ? status.asBefore : status.needsOperator;
  } catch (error) {
    console.error(`The roll-back has failed. ${again}\n${messageOf(error)}`);
    return status.needsOperator;
  }
}

/**
 * Puts back what ran before a deploy that has left its record on the cluster.
 *
 * @returns the exit status
 * @throws Error if the cluster cannot be read
 */
export async function undo(kubectl: Kubectl, timeout: string): Promise<number> {
  const before = await recordedState(kubectl);
  if (before === undefined) {
    console.log("No deploy has been left unfinished");
    return 0;
  }
  const ended = await rollBack(kubectl, before, timeout);
  return ended === status.asBefore ? 0 : ended;
}
