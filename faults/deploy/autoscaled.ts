// Deployments whose number of pods an autoscaler sets, and no manifest.
import type { ClusterObject } from "../../scripts/deploy/cluster-objects.ts";

/** Takes the number of replicas out of the manifests, as overlays/postgres does. */
export const autoscaled = {
  patches: [
    {
      target: { kind: "Deployment" },
      patch: JSON.stringify([{ op: "remove", path: "/spec/replicas" }]),
    },
  ],
};

/** The object as if the manifest that was applied had no number of replicas. */
export function withoutReplicas(object: ClusterObject): ClusterObject {
  const key = "kubectl.kubernetes.io/last-applied-configuration";
  const { [key]: manifest = "", ...annotations } = object.metadata.annotations ?? {};
  const left = { ...annotations, [key]: manifest.replace(/"replicas":\d+,?/, "") };
  return { ...object, metadata: { ...object.metadata, annotations: left } };
}
