// A small stand-in for a Kubernetes API server and its Deployment controller, for one namespace: it has as
// much of the API as kubectl needs for `apply`, `get`, `patch`, `delete` and `rollout status`. Pods are
// ready, or not, by the image that they run.
import { imagesOf, type ClusterObject } from "../deploy/cluster-objects.ts";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const revision = "deployment.kubernetes.io/revision";

/** The kinds that it knows, by API group: those of k8s/, and what kubectl itself asks. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  "": ["ConfigMap", "Event", "PersistentVolumeClaim", "Pod", "Service", "ServiceAccount"],
  apps: ["Deployment"],
  "authorization.k8s.io": ["SelfSubjectAccessReview"],
  batch: ["CronJob"],
  "postgresql.cnpg.io": ["Cluster"],
  "networking.k8s.io": ["Ingress", "NetworkPolicy"],
};

/** How the pods of an image start: they get ready, fail for good, or take for ever. */
export type Start = "ready" | "fails" | "hangs";

type Fields = Record<string, unknown>;

/** What it is made of. */
interface Parts {
  /** How the pods of an image start. */
  readonly start: (image: string) => Start;
  /** Its first objects, by plural and name: `deployments/user-service`. */
  readonly objects?: ReadonlyMap<string, ClusterObject>;
  /** What the user has no right to: `delete configmaps`. */
  readonly forbidden?: readonly string[];
  /** What an admission plugin denies, and not in a dry run: `create ingresses`, as a quota does. */
  readonly denied?: readonly string[];
}

/** A server that has been started. */
export type Server = ReturnType<typeof apiServer>;

/** Starts a server on a port of its own. */
export function apiServer({ start, forbidden = [], denied = [], ...first }: Parts) {
  const objects = new Map(first.objects);
  const deletions = new Map<string, string>();
  let version = 0;
  const waiting = new Set<() => void>();

  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: respond });

  async function respond(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api" || pathname === "/apis") return discovery(pathname === "/api");
    if (pathname.startsWith("/openapi/v3")) return openApi(pathname);
    const [, group = "", plural = "", name] =
      /^\/apis?(?:\/([a-z.0-9]+))??\/v1\/(?:namespaces\/[^/]+\/)?([a-z]+)(?:\/([^/]+))?$/.exec(
        pathname,
      ) ?? [];
    const kind = kinds[group]?.find((kind) => pluralOf(kind) === plural);
    if (kind === undefined) return refusal(404, "NotFound", `no path ${pathname}`);
    const apiVersion = group === "" ? "v1" : `${group}/v1`;
    const verb = verbs[request.method] ?? "get";
    if (forbidden.includes(`${verb} ${plural}`)) {
      return refusal(403, "Forbidden", `${plural} is forbidden: the user cannot ${verb} ${plural}`);
    }
    if (denied.includes(`${verb} ${plural}`) && !searchParams.has("dryRun")) {
      return refusal(403, "Forbidden", `${plural} is forbidden: denied at admission`);
    }
    if (searchParams.has("sendInitialEvents")) return refusal(422, "Invalid", "no streaming lists");
    if (searchParams.has("watch")) return new Response(noEvents(), { headers: json });
    if (name === undefined && verb === "get") return list(apiVersion, kind, plural, searchParams);

    const text = await request.text();
    if (kind === "SelfSubjectAccessReview") return Response.json(review(text));
    const body = JSON.parse(text || "{}") as Fields;
    const given = body as Partial<ClusterObject>;
    const key = `${plural}/${name ?? given.metadata?.name}`;
    const present = objects.get(key);
    if (verb === "create" && present) {
      return refusal(409, "AlreadyExists", `${plural} "${present.metadata.name}" already exists`);
    }
    if (verb !== "create" && present === undefined) {
      return refusal(404, "NotFound", `${plural} "${name}" not found`);
    }
    if (verb === "get") return Response.json(present);
    if (verb === "delete") {
      const { propagationPolicy = "" } = body as { propagationPolicy?: string };
      deletions.set(key, propagationPolicy);
      objects.delete(key);
      return Response.json({ kind: "Status", apiVersion: "v1", status: "Success" });
    }
    const next = patched(present ?? ({} as ClusterObject), body, request.headers);
    const stored = { ...next, apiVersion, kind };
    return Response.json(searchParams.has("dryRun") ? stored : store(key, stored, present));
  }

  function list(apiVersion: string, kind: string, plural: string, search: URLSearchParams) {
    const name = /metadata\.name=([^,]+)/.exec(search.get("fieldSelector") ?? "")?.[1];
    const items = [...objects]
      .filter(([key]) =>
        name === undefined ? key.startsWith(`${plural}/`) : key === `${plural}/${name}`,
      )
      .map(([, object]) => object);
    return Response.json({
      apiVersion,
      kind: `${kind}List`,
      metadata: { resourceVersion: "1" },
      items,
    });
  }

  /** `kubectl auth can-i` sends the question as protobuf, in which the words are as in JSON. */
  function review(question: string) {
    const denied = forbidden.some((right) =>
      right.split(" ").every((word) => question.includes(word)),
    );
    return {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {},
      status: { allowed: !denied },
    };
  }

  function store(key: string, given: ClusterObject, present?: ClusterObject): ClusterObject {
    version += 1;
    const next =
      given.kind === "Deployment"
        ? { ...given, spec: { replicas: 1, ...(given["spec"] as object) } }
        : given;
    const { name, annotations = {} } = next.metadata;
    const changed = !Bun.deepEquals(next["spec"], present?.["spec"]);
    const generation = Number(present?.metadata["generation"] ?? 0) + (changed ? 1 : 0);
    const metadata = {
      ...next.metadata,
      name,
      namespace: "platform",
      uid: present?.metadata["uid"] ?? crypto.randomUUID(),
      creationTimestamp: present?.metadata["creationTimestamp"] ?? new Date().toISOString(),
      resourceVersion: `${version}`,
      generation,
    };
    const stored =
      next.kind === "Deployment"
        ? {
            ...next,
            metadata: { ...metadata, annotations: { ...annotations, [revision]: `${generation}` } },
            status: rollout(next, generation, present),
          }
        : { ...next, metadata };
    objects.set(key, stored);
    for (const look of waiting) look();
    return stored;
  }

  /** What the Deployment controller writes when the new pods have done what their image makes them do. */
  function rollout(next: ClusterObject, observedGeneration: number, present?: ClusterObject) {
    const { replicas } = next["spec"] as { replicas: number };
    const old = present?.["status"] as { readyReplicas?: number } | undefined;
    const starts = imagesOf(next).map(start);
    const [status, reason] = starts.includes("fails")
      ? ["False", "ProgressDeadlineExceeded"]
      : ["True", "ReplicaSetUpdated"];
    if (starts.every((how) => how === "ready")) {
      const all = {
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
      };
      return { observedGeneration, ...all };
    }
    const ready = old?.readyReplicas ?? 0;
    return {
      observedGeneration,
      replicas: ready + 1,
      updatedReplicas: 1,
      readyReplicas: ready,
      availableReplicas: ready,
      conditions: [{ type: "Progressing", status, reason }],
    };
  }

  return {
    /** A kubeconfig for it. */
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "test", cluster: { server: server.url.origin } }],
      users: [{ name: "test", user: { token: "test" } }],
      contexts: [
        { name: "test", context: { cluster: "test", user: "test", namespace: "platform" } },
      ],
      "current-context": "test",
    }),
    objects,
    /** How each object was deleted: "Foreground" keeps it until what it owns is gone. */
    deletions: deletions as ReadonlyMap<string, string>,
    /** Sets the number of a Deployment's pods, as an operator or an autoscaler does. */
    scale(service: string, replicas: number): void {
      const key = `deployments/${service}`;
      const present = objects.get(key);
      if (present === undefined) throw new Error(`There is no Deployment ${service}`);
      store(key, { ...present, spec: { ...(present["spec"] as object), replicas } }, present);
    },
    /** Resolves when the condition holds, which is tried after every write. */
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** The stream of a watch. The controller here acts before a response: there is no change to wait for. */
const noEvents = () =>
  // The first byte makes the server send the headers, for which kubectl waits.
  new ReadableStream({ start: (controller) => controller.enqueue("\n") });

const json = { "Content-Type": "application/json" };

const verbs: Readonly<Record<string, string>> = {
  POST: "create",
  PATCH: "patch",
  DELETE: "delete",
};

/** The name of a kind in a path. */
const pluralOf = (kind: string) =>
  `${kind.toLowerCase()}s`.replace(/ys$/, "ies").replace(/sss$/, "sses");

function refusal(code: number, reason: string, message: string): Response {
  const status = { apiVersion: "v1", kind: "Status", status: "Failure", message, reason, code };
  return Response.json(status, { status: code });
}

/** The object after a patch: a JSON patch, a merge patch, or the strategic one of `kubectl apply`. */
function patched(object: ClusterObject, body: unknown, headers: Headers): ClusterObject {
  const type = headers.get("Content-Type");
  if (type === "application/json-patch+json") {
    const copy = structuredClone(object);
    for (const { op, path, value } of body as { op: string; path: string; value?: unknown }[]) {
      const parts = path.split("/").slice(1);
      const field = parts.pop() ?? "";
      // The path of a patch may name any field, also one that the type of the object does not have.
      const parent = parts.reduce<Fields>(
        (at, part) => at[part] as Fields,
        copy as unknown as Fields,
      );
      if (op === "remove") delete parent[field];
      else parent[field] = value;
    }
    return copy;
  }
  const { metadata } = body as Partial<ClusterObject>;
  // Instead of merging lists by their keys: the annotation holds the objects that `kubectl apply` was given.
  const applied = metadata?.annotations?.[lastApplied];
  const given = applied === undefined ? body : (JSON.parse(applied) as unknown);
  const merged = merge(merge(object, removals(body as object)), given) as ClusterObject;
  if (applied === undefined) return merged;
  const annotations = { ...merged.metadata.annotations, [lastApplied]: applied };
  return { ...merged, metadata: { ...merged.metadata, annotations } };
}

/** A merge patch (RFC 7396). */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Fields = typeof target === "object" ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = merge(merged[field], value);
  }
  return merged;
}

/** The part of a merge patch that takes fields away. */
function removals(patch: object): Fields {
  const fields = Object.entries(patch).flatMap(([field, value]): [string, unknown][] => {
    if (value === null) return [[field, null]];
    return typeof value === "object" && !Array.isArray(value) ? [[field, removals(value)]] : [];
  });
  return Object.fromEntries(fields);
}

/** Which kinds there are: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
function discovery(core: boolean): Response {
  const items = Object.entries(kinds)
    .filter(([group]) => (group === "") === core)
    .map(([group, names]) => ({
      metadata: { name: group },
      versions: [{ version: "v1", resources: names.map((kind) => resource(group, kind)) }],
    }));
  const type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const list = { apiVersion: "apidiscovery.k8s.io/v2", kind: "APIGroupDiscoveryList", items };
  return new Response(JSON.stringify(list), { headers: { "Content-Type": type } });
}

function resource(group: string, kind: string) {
  return {
    resource: pluralOf(kind),
    responseKind: { group, version: "v1", kind },
    scope: kind === "SelfSubjectAccessReview" ? "Cluster" : "Namespaced",
    singularResource: kind.toLowerCase(),
    verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  };
}

/** Tells kubectl that the server itself validates fields. */
function openApi(pathname: string): Response {
  const groups = Object.keys(kinds).map((group) => (group === "" ? "api/v1" : `apis/${group}/v1`));
  if (pathname === "/openapi/v3") {
    const path = (group: string) => [group, { serverRelativeURL: `/openapi/v3/${group}` }];
    return Response.json({ paths: Object.fromEntries(groups.map(path)) });
  }
  const group = pathname.replace("/openapi/v3/", "").replace(/^apis?\/|\/?v1$/g, "");
  const parameters = ["dryRun", "fieldValidation"].map((name) => ({ name, in: "query" }));
  const paths = (kinds[group] ?? []).map((kind) => [
    `/${kind}`,
    { patch: { parameters, "x-kubernetes-group-version-kind": { group, version: "v1", kind } } },
  ]);
  return Response.json({ openapi: "3.0.0", info: {}, paths: Object.fromEntries(paths) });
}
