// What is on the cluster of the objects that a deploy may change, and putting it back.
import {
  documents,
  imagesOf,
  resource,
  withoutServerFields,
  type ClusterObject,
} from "./cluster-objects.ts";
import type { Kubectl } from "./kubectl.ts";

/** The state of everything that a deploy may change. */
export interface State {
  /** The objects that are there, as they are. */
  readonly objects: readonly ClusterObject[];
  /** Those that are not, as the deploy would make them. */
  readonly missing: readonly ClusterObject[];
}

const isClaim = ({ kind }: ClusterObject) => kind === "PersistentVolumeClaim";

/** The kinds whose volumes are deleted with the object: a claim, and a database that CloudNativePG runs. */
const withVolumes = ["persistentvolumeclaim", "cluster.postgresql.cnpg.io"];
const mayHoldData = (object: ClusterObject) => withVolumes.includes(resource(object));

/** Tells an object from every other of its namespace, in each version of its API. */
const key = (object: ClusterObject) => `${resource(object)} ${object.metadata.name}`;

/** The state of these objects. @throws Error */
export async function readState(
  kubectl: Kubectl,
  wanted: readonly ClusterObject[],
): Promise<State> {
  const objects = await readExisting(kubectl, wanted);
  const keys = new Set(objects.map(key));
  return { objects, missing: wanted.filter((object) => !keys.has(key(object))) };
}

/** Those of the objects that are there, as they are. @throws Error */
export async function readExisting(
  kubectl: Kubectl,
  wanted: readonly ClusterObject[],
): Promise<readonly ClusterObject[]> {
  if (wanted.length === 0) return [];
  const args = ["get", "-f", "-", "--ignore-not-found", "-o", "json"];
  const text = await kubectl.run(args, { input: documents(wanted) });
  if (text.trim() === "") return [];
  // kubectl prints the object itself if it finds one.
  const found = JSON.parse(text) as ClusterObject & { items?: ClusterObject[] };
  return found.items ?? [found];
}

/**
 * Makes the state what it was, and touches nothing that is as it was. New volume claims and databases stay,
 * because their volumes may hold data.
 *
 * @returns whether the cluster has accepted every write, the objects that have been changed back, as they
 * were, and the new ones that stay
 * @throws Error if the cluster cannot be read
 */
export async function restoreState(kubectl: Kubectl, before: State) {
  const now = await readState(kubectl, [...before.objects, ...before.missing]);
  const found = new Map(now.objects.map((object) => [key(object), object]));
  let accepted = true;
  const changed: ClusterObject[] = [];
  for (const object of before.objects.filter((object) => !isClaim(object))) {
    const present = found.get(key(object));
    const operations = present === undefined ? [] : patch(present, object);
    if (operations.length === 0) continue;
    changed.push(object);
    const to = [resource(object), object.metadata.name];
    const args = ["patch", ...to, "--type=json", "--patch-file=/dev/stdin"];
    const { ok } = await kubectl.attempt(args, { input: JSON.stringify(operations), shown: true });
    accepted &&= ok;
  }

  const made = before.missing.filter((object) => found.has(key(object)));
  // Pods end before the network policies that protect them are deleted, so kubectl waits for the garbage collector.
  // It has no right to wait for the rest, which therefore goes at once: the next deploy must not find it.
  const hasPods = (object: ClusterObject) => imagesOf(object).length > 0;
  const rest = made.filter((object) => !hasPods(object) && !mayHoldData(object));
  for (const [cascade, objects] of [
    ["foreground", made.filter(hasPods)],
    ["background", rest],
  ] as const) {
    if (objects.length === 0) continue;
    const how = ["--ignore-not-found", `--cascade=${cascade}`, "--timeout=2m"];
    const options = { input: documents(objects), shown: true };
    const { ok } = await kubectl.attempt(["delete", "-f", "-", ...how], options);
    accepted &&= ok;
  }
  return { accepted, changed, kept: made.filter(mayHoldData) };
}

/**
 * The JSON patch (RFC 6902) from one state of an object to another. Not `kubectl replace`, which also
 * rewrites the annotation that the next `kubectl apply` compares with.
 */
function patch(from: ClusterObject, to: ClusterObject) {
  const { metadata: metadataFrom, spec: specFrom = {}, ...fieldsFrom } = withoutServerFields(from);
  const { metadata: metadataTo, spec: specTo = {}, ...fieldsTo } = withoutServerFields(to);
  const isAutoscaled = !namesReplicas(from) && !namesReplicas(to);
  const spec = patchFields("/spec", specFrom as object, specTo as object);
  return [
    ...patchFields("/metadata", metadataFrom, metadataTo),
    ...spec.filter(({ path }) => !(isAutoscaled && path === "/spec/replicas")),
    ...patchFields("", fieldsFrom, fieldsTo),
  ];
}

/** Whether the manifest that was applied last names a number of replicas: else only an autoscaler sets it. */
function namesReplicas({ metadata }: ClusterObject): boolean {
  const manifest =
    metadata.annotations?.["kubectl.kubernetes.io/last-applied-configuration"] ?? "{}";
  // kubectl has written it.
  const { spec } = JSON.parse(manifest) as { spec?: { replicas?: number } };
  return spec?.replicas !== undefined;
}

function patchFields(path: string, from: object, to: object) {
  const old = new Map<string, unknown>(Object.entries(from));
  const added = Object.entries(to)
    .filter(([field, value]) => !Bun.deepEquals(old.get(field), value))
    .map(([field, value]) => ({ op: "add", path: `${path}/${field}`, value: value as unknown }));
  const removed = [...old.keys()]
    .filter((field) => !(field in to))
    .map((field) => ({ op: "remove", path: `${path}/${field}` }));
  return [...added, ...removed];
}

/** Checks that the kubeconfig's user may delete what a roll-back has to. @throws Error */
export async function checkDeletionRights(kubectl: Kubectl, { missing }: State): Promise<void> {
  // A ConfigMap is the record of the deploy itself.
  const resources = new Set([
    "configmap",
    ...missing.filter((object) => !mayHoldData(object)).map(resource),
  ]);
  const answers = await Promise.all(
    [...resources].map(async (name) => {
      const { ok } = await kubectl.attempt(["auth", "can-i", "delete", name]);
      return ok ? [] : [name];
    }),
  );
  const kept = answers.flat();
  if (kept.length === 0) return;
  throw new Error(
    `The kubeconfig's user may not delete ${kept.join(", ")}, as a roll-back has to. ` +
      "Grant it the rights that k8s/README.md lists",
  );
}
