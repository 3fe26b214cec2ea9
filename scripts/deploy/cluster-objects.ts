// Objects of a cluster, as kubectl reads and prints them.

/** An object as `kubectl -o json` prints it. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** A Deployment, of which only what a deploy looks at. */
export interface Deployment extends ClusterObject {
  readonly spec: { readonly replicas: number; readonly template: PodTemplate };
  readonly status?: {
    readonly observedGeneration?: number;
    /** Pods of every template. The API server leaves a number out that is 0. */
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
  };
}

/** The part of a workload that names its images. */
interface PodTemplate {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

/** An object's kind and name, as in "Deployment user-service". */
export const title = ({ kind, metadata }: ClusterObject) => `${kind} ${metadata.name}`;

/** The kind as kubectl's arguments name it: "service", "deployment.apps". */
export function resource({ apiVersion, kind }: ClusterObject): string {
  const group = apiVersion.includes("/") ? `.${apiVersion.replace(/\/.*/, "")}` : "";
  return kind.toLowerCase() + group;
}

/** Whether the object is a Deployment. */
export const isDeployment = (object: ClusterObject): object is Deployment =>
  object.kind === "Deployment";

/** The images of a Deployment's or a CronJob's pods; none for any other object. */
export function imagesOf(object: ClusterObject): string[] {
  // The API server checks both kinds against their schemas.
  const { template, jobTemplate } = (object["spec"] ?? {}) as {
    template?: PodTemplate;
    jobTemplate?: { spec: { template: PodTemplate } };
  };
  const pod = object.kind === "CronJob" ? jobTemplate?.spec.template : template;
  return pod?.spec.containers.map(({ image }) => image) ?? [];
}

/** The annotation in which the Deployment controller counts the pod templates. */
export const revisionAnnotation = "deployment.kubernetes.io/revision";

/** What the API server or a controller writes. */
const serverFields = {
  object: ["status"],
  metadata: ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"],
  annotations: [revisionAnnotation],
};

/** The object without what the cluster itself writes: what a client may change. */
export function withoutServerFields(object: ClusterObject): ClusterObject {
  const { metadata } = object;
  return {
    ...without(object, serverFields.object),
    metadata: {
      ...without(metadata, serverFields.metadata),
      annotations: without(metadata.annotations ?? {}, serverFields.annotations),
    },
  };
}

/** A copy that lacks these fields, all of which are optional. */
function without<T extends object>(value: T, fields: readonly string[]): T {
  const left = Object.entries(value).filter(([field]) => !fields.includes(field));
  return Object.fromEntries(left) as T;
}

/**
 * Objects for the standard input of kubectl. Not as a List: to validate one, kubectl downloads a schema of
 * some megabytes at every call.
 */
export const documents = (objects: readonly object[]) =>
  objects.map((object) => JSON.stringify(object)).join("\n");
