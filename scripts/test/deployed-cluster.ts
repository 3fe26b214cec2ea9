// A cluster to which deploy.sh has deployed: the images that a test names, and what then runs.
import { expect } from "bun:test";
import { imagesOf, withoutServerFields } from "../deploy/cluster-objects.ts";
import { serviceNames as names } from "../services.ts";
import { apiServer, type Server, type Start } from "./api-server.ts";
import { deploy } from "./deploy-process.ts";
import { once } from "./once.ts";

/** The services that a deploy rolls out first and last. */
export const [first = "", last = ""] = [names[0], names.at(-1)];

/** An image of a service, of one build. */
export const image = (service: string, build: string) =>
  `ghcr.io/acme/platform/${service}@sha256:${Bun.SHA256.hash(build, "hex")}`;

/** An image of every service, of one build. */
export const build = (label: string) => names.map((service) => image(service, label));

/** The service of an image. */
export const serviceOf = (reference: string) => /[^/]+(?=@)/.exec(reference)?.[0] ?? "";

/** The builds whose pods do not get ready. */
const starts: Readonly<Record<string, Start>> = { broken: "fails", stuck: "hangs" };

const start = (reference: string) =>
  Object.entries(starts).find(([label]) => reference === image(serviceOf(reference), label))?.[1] ??
  "ready";

/** Everything on a cluster, without what the cluster itself counts. */
export const state = ({ objects }: Pick<Server, "objects">) =>
  new Map([...objects].map(([key, object]) => [key, withoutServerFields(object)]));

/** What each workload runs. */
export const running = ({ objects }: Pick<Server, "objects">) =>
  Object.fromEntries(
    [...objects].flatMap(([key, object]) => imagesOf(object).map((i) => [key, i])),
  );

/** The same image for the Deployment and its backups. */
export const workloads = (images: readonly string[]) =>
  Object.fromEntries(
    images.flatMap((reference) => [
      [`deployments/${serviceOf(reference)}`, reference],
      [`cronjobs/${serviceOf(reference)}-backup`, reference],
    ]),
  );

/** The revision of a Deployment, which counts its pod templates. */
export const revision = ({ objects }: Server, service: string) =>
  objects.get(`deployments/${service}`)?.metadata.annotations?.[
    "deployment.kubernetes.io/revision"
  ];

/** The deploy of the build "old" to an empty cluster, and the objects that it has made. */
export const firstDeploy = once(async () => {
  await using server = apiServer({ start });
  const variables = { VERIFY: "none", GITHUB_ACTIONS: "true" };
  const result = await deploy(server, build("old"), variables);
  expect(running(server)).toEqual(workloads(build("old")));
  return { ...result, objects: new Map(server.objects) };
});

/** A cluster on which the build "old" runs. @param parts what is otherwise */
export const cluster = async (parts: Partial<Parameters<typeof apiServer>[0]> = {}) =>
  apiServer({ start, objects: (await firstDeploy()).objects, ...parts });
