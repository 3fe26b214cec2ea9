// The objects of k8s/, as `kubectl apply -f` reads them and as `kubectl apply -k` renders them.
import { join, resolve } from "node:path";
import type { IHTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import type { Deployment } from "kubernetes-types/apps/v1";
import type { HorizontalPodAutoscaler } from "kubernetes-types/autoscaling/v2";
import type { CronJob, Job } from "kubernetes-types/batch/v1";
import type {
  ConfigMap,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  Service,
  ServiceAccount,
} from "kubernetes-types/core/v1";
import type { Ingress, NetworkPolicy } from "kubernetes-types/networking/v1";
import type { PodDisruptionBudget } from "kubernetes-types/policy/v1";
import type { Role, RoleBinding } from "kubernetes-types/rbac/v1";
import { isPartOfRun, sharedByRun } from "../../shared/testing/shared-by-run.ts";
import type { Cluster, ObjectStore, ScheduledBackup } from "./cloudnative-pg.ts";
import { kubectl, kustomize, kustomizeOwn } from "./kubectl.ts";
import type { PodMonitor, PrometheusRule, ServiceMonitor } from "./prometheus-operator.ts";

/** The kinds that the manifests may have. */
export type KubernetesObject =
  | Cluster
  | ConfigMap
  | CronJob
  | Deployment
  | HorizontalPodAutoscaler
  | IHTTPRoute
  | Ingress
  | Job
  | NetworkPolicy
  | ObjectStore
  | PersistentVolumeClaim
  | Pod
  | PodDisruptionBudget
  | PodMonitor
  | PrometheusRule
  | Role
  | RoleBinding
  | ScheduledBackup
  | Service
  | ServiceAccount
  | ServiceMonitor;

type Kind = NonNullable<KubernetesObject["kind"]>;

/** The folder of the manifests. */
export const k8s = resolve(import.meta.dir, "..");

/** The services that have manifests. */
export const services = ["user-service", "order-service"] as const;

/** The objects of a file, or of those files of a folder that `apply -f` reads. */
export async function read(path: string): Promise<KubernetesObject[]> {
  const full = join(k8s, path);
  const isFile = await Bun.file(full).exists();
  const names = isFile ? [""] : [...new Bun.Glob("*.{json,yaml,yml}").scanSync(full)].sort();
  const texts = await Promise.all(names.map((name) => Bun.file(join(full, name)).text()));
  return texts.flatMap(parse);
}

/** What kubectl renders from folders of k8s/, which do not change while tests run. */
const rendered = new Map<string, Promise<string>>();

/** The objects that kubectl renders from a kustomization. @param folder in k8s/, or a path */
export async function render(folder: string): Promise<KubernetesObject[]> {
  const path = resolve(k8s, folder);
  if (!path.startsWith(k8s)) return parse(await kustomize(path));
  const text = rendered.get(path) ?? kustomize(path);
  rendered.set(path, text);
  return parse(await text);
}

/**
 * The objects that kubectl renders from a kustomization of one's own.
 *
 * @param text the kustomization, in a folder beside the repository, `../bun-elysia-platform`
 * @param root the repository, by default this one, which does not change while tests run
 */
export async function renderOwn(text: string, root?: string) {
  const isShared = isPartOfRun && root === undefined;
  return parse(await (isShared ? sharedByRun("kustomization", text) : kustomizeOwn(text, root)));
}

/** The objects of a text. */
export function parse(text: string): KubernetesObject[] {
  const documents: unknown = Bun.YAML.parse(text);
  // schema.test.ts checks every object against these types.
  return (Array.isArray(documents) ? documents : [documents]) as KubernetesObject[];
}

/** The section of a README with a heading, and the first kustomization that it shows. */
export async function shownUnder(heading: string, page = "overlays/postgres/README.md") {
  const readme = await Bun.file(join(k8s, page)).text();
  const text = readme.split(/^#+ (?=[A-Z])/m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const [, kustomization] = /^```yaml\n(.*?)^```/ms.exec(text) ?? [];
  if (kustomization === undefined) throw new Error(`There is no kustomization under "${heading}"`);
  return { text, kustomization };
}

/** Every set of objects with SQLite that a user can apply, with the command. */
export const deliveries: readonly (readonly [title: string, objects: KubernetesObject[]])[] = [
  ["apply -f", (await Promise.all([...services, "ingress.yaml"].map(read))).flat()],
  ...(kubectl === undefined
    ? []
    : ([
        ["apply -k", await render(".")],
        ["apply -k overlays/local", await render("overlays/local")],
      ] as const)),
];

/** Every set of objects with PostgreSQL. */
export const postgresDeliveries: typeof deliveries =
  kubectl === undefined
    ? []
    : [
        ["apply -k overlays/postgres", await render("overlays/postgres")],
        ["apply -k with backups", await renderOwn((await shownUnder("Back up")).kustomization)],
      ];

/** Both engines with the metrics and traces of a cluster's monitoring. */
export const monitoredDeliveries = await withOption("Monitoring", "monitoring");

/** Both engines behind a gateway. */
export const gatewayDeliveries = await withOption("Through a gateway", "a gateway");

/** Both engines with HTTPS, at the Ingress and at a gateway. */
export const tlsDeliveries = await withOption("TLS", "TLS");

/** Both engines with images of a private registry. */
export const privateDeliveries = await withOption("Images of a private registry", "a registry");

/** Both engines with authentication, in a cluster whose issuer is public. */
export const authDeliveries = await withOption("Authentication", "authentication");

/** Both engines with authentication, in a cluster whose issuer is not public. */
export const clusterKeysDeliveries = await withOption("The cluster's keys", "the cluster's keys");

/** Both engines with an option of README.md that suits the base and every overlay. */
async function withOption(heading: string, title: string): Promise<typeof deliveries> {
  if (kubectl === undefined) return [];
  const { kustomization } = await shownUnder(heading, "README.md");
  return await Promise.all(
    ["", "/overlays/local", "/overlays/postgres"].map(async (overlay) => {
      const text = kustomization.replace("/k8s]", `/k8s${overlay}]`);
      return [`apply -k${overlay} with ${title}`, await renderOwn(text)] as const;
    }),
  );
}

/** Every set of objects that a user can apply, with either engine and each option. */
export const everyDelivery = [
  ...deliveries,
  ...postgresDeliveries,
  ...monitoredDeliveries,
  ...gatewayDeliveries,
  ...tlsDeliveries,
  ...privateDeliveries,
  ...authDeliveries,
  ...clusterKeysDeliveries,
];

/** Every service in every set with SQLite. */
export const cases = deliveries.flatMap(perService);

/** Every service in every set with PostgreSQL. */
export const postgresCases = postgresDeliveries.flatMap(perService);

function perService([title, objects]: (typeof deliveries)[number]) {
  return services.map((service) => ({ title, service, objects }));
}

/** The objects of a kind. */
export function all<K extends Kind>(objects: readonly KubernetesObject[], kind: K) {
  return objects.filter(
    (object): object is Extract<KubernetesObject, { kind?: K }> => object.kind === kind,
  );
}

/** The object of this kind that belongs to a service. @throws Error unless there is exactly one */
export function only<K extends Kind>(
  objects: readonly KubernetesObject[],
  kind: K,
  service: string,
): Extract<KubernetesObject, { kind?: K }> {
  const found = all(objects, kind).filter(
    ({ metadata }) => metadata?.labels?.["app.kubernetes.io/name"] === service,
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`There are ${found.length} objects of kind ${kind} for ${service}`);
  }
  return first;
}

/** The service's CronJob for backups, its Job, its pod and its container. */
export function backups(objects: readonly KubernetesObject[], service: string) {
  const cronJob = only(objects, "CronJob", `${service}-backup`).spec;
  const job = cronJob?.jobTemplate.spec;
  return { cronJob, job, ...podOf(job?.template, `${service}-backup`) };
}

/** The service's Deployment, its pod and its container. */
export function workload(objects: readonly KubernetesObject[], service: string) {
  const deployment = only(objects, "Deployment", service);
  if (!deployment.spec) throw new Error(`${service} has no Deployment`);
  return { deployment: deployment.spec, ...podOf(deployment.spec.template, service) };
}

/** A pod and its container. @throws Error if it has more than one */
export function podOf(pod: PodTemplateSpec | undefined, name: string) {
  const [container, ...others] = pod?.spec?.containers ?? [];
  if (!pod?.spec || !container || others.length > 0) {
    throw new Error(`${name} does not run one container`);
  }
  return { pod, spec: pod.spec, container };
}
