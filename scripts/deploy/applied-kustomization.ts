// Which kustomization a deploy has applied, noted on its Deployments: with another one, and be it only because a
// variable was forgotten, a database and the authentication may be gone.
import { relative, resolve } from "node:path";
import { root } from "../root.ts";
import { isDeployment, title, type ClusterObject } from "./cluster-objects.ts";

/** On a Deployment, and not on its pods, which nothing restarts for it. */
export const noteAnnotation = "bun-elysia-platform/kustomization";

/** A kustomization as it is noted: its folder, relative to the repository. */
const noteOf = (folder: string) => relative(root, resolve(root, folder)) || ".";

/** The objects with the note. @param kustomization its folder */
export const withNote = (objects: readonly ClusterObject[], kustomization: string) =>
  objects.map((object) => {
    if (!isDeployment(object)) return object;
    const { metadata } = object;
    const annotations = { ...metadata.annotations, [noteAnnotation]: noteOf(kustomization) };
    return { ...object, metadata: { ...metadata, annotations } };
  });

/**
 * Compares with what the Deployments on the cluster note. One without a note may be replaced: the first deploy
 * finds none, and `kubectl apply -k` leaves none.
 *
 * @param replaced the folder of another kustomization that may be replaced
 * @throws Error if the kustomization must not be deployed
 */
export function checkKustomization(
  present: readonly ClusterObject[],
  kustomization: string,
  replaced = kustomization,
): void {
  const accepted = [noteOf(kustomization), noteOf(replaced)];
  for (const object of present.filter(isDeployment)) {
    const note = object.metadata.annotations?.[noteAnnotation];
    if (note === undefined || accepted.includes(note)) continue;
    throw new Error(
      `${title(object)} has been deployed from ${note}, and this deploy is of ${accepted[0]}. ` +
        `Set KUSTOMIZATION=${note} to deploy that again, or REPLACE_KUSTOMIZATION=${note} ` +
        `if ${accepted[0]} is meant to take its place`,
    );
  }
}
