// What runs, and what stays, after a deploy of which a part fails.
import { describe, expect, test } from "bun:test";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { deploy, inPlaceOfBase, kustomization } from "../../scripts/test/deploy-process.ts";
import {
  build,
  cluster,
  first,
  firstDeploy,
  image,
  last,
  revision,
  state,
} from "../../scripts/test/deployed-cluster.ts";
import { once } from "../../scripts/test/once.ts";
import { serviceNames as names } from "../../scripts/services.ts";
import { autoscaled } from "./autoscaled.ts";

const database = {
  apiVersion: "postgresql.cnpg.io/v1",
  kind: "Cluster",
  metadata: { name: "users-db" },
};

/** A deploy of a kustomization with a database and an autoscaler, in place of k8s/, which fails at the last service. */
const failedReplacement = once(async () => {
  await using server = await cluster();
  const before = state(server);
  await using folder = await kustomization(autoscaled, database);
  const images = [image(first, "new"), image(last, "broken")];
  const result = await deploy(server, images, inPlaceOfBase(folder));
  return { ...result, before, objects: new Map(server.objects) };
});

describe.skipIf(kubectl === undefined)("deploy.sh", () => {
  test.concurrent("puts a good service back too if the rollout of another fails", async () => {
    await using server = await cluster();
    // Set by an operator, and by no manifest.
    const key = `deployments/${first}`;
    const deployment = server.objects.get(key);
    const spec = { ...(deployment?.["spec"] as object), replicas: 5 };
    if (deployment) server.objects.set(key, { ...deployment, spec });
    const before = state(server);
    const { status, stdout } = await deploy(server, [image(first, "new"), image(last, "broken")]);
    expect(status).toBe(1);
    expect(state(server)).toEqual(before);
    expect(server.objects.get(key)).toMatchObject({ spec });
    expect(stdout).toContain(`${image(first, "old")}, revision 3, 5 of 5 pods ready\n`);
    expect(stdout).toContain(`${image(last, "old")}, revision 3, 2 of 2 pods ready\n`);
  });

  test.concurrent("does not touch a service that it has not changed if another fails", async () => {
    await using server = await cluster();
    const before = state(server);
    const { status } = await deploy(server, [image(first, "old"), image(last, "broken")]);
    expect(status).toBe(1);
    expect(state(server)).toEqual(before);
    expect([revision(server, first), revision(server, last)]).toEqual(["1", "3"]);
  });

  test.concurrent("puts the backups back too if what comes after them is refused", async () => {
    const { objects } = await firstDeploy();
    const left = new Map(objects);
    left.delete("ingresses/bun-elysia-platform");
    await using server = await cluster({ objects: left, denied: ["create ingresses"] });
    const before = state(server);
    const { status, stderr } = await deploy(server, build("new"));
    expect(status).toBe(1);
    expect(stderr).toContain("denied at admission");
    expect(state(server)).toEqual(before);
  });

  test.concurrent("leaves only the volume claims of a first deploy that fails", async () => {
    await using server = await cluster({ objects: new Map() });
    const { status, stdout, stderr } = await deploy(server, [
      image(first, "new"),
      image(last, "broken"),
    ]);
    expect(status).toBe(1);
    const left = [...server.objects.keys()];
    expect(left).toEqual(left.filter((key) => key.startsWith("persistentvolumeclaims/")));
    expect(left).toHaveLength(2 * names.length);
    // A foreground deletion leaves the object to the garbage collector: a deploy that comes at once would find it.
    const foreground = [...server.deletions].filter(([, how]) => how === "Foreground");
    expect(foreground.map(([key]) => key).toSorted()).toEqual(
      names.map((service) => `deployments/${service}`).toSorted(),
    );
    for (const service of names) {
      expect(stdout).toContain(`Deployment ${service}: not there\n`);
      expect(stderr).toContain(
        `kubectl --namespace platform delete persistentvolumeclaim ${service}-data\n`,
      );
    }
  });

  test.concurrent("keeps a new database if the rollout of a service fails", async () => {
    const { stderr, objects } = await failedReplacement();
    expect(objects.get("clusters/users-db")).toMatchObject(database);
    expect(stderr).toContain(
      "kubectl --namespace platform delete cluster.postgresql.cnpg.io users-db\n",
    );
  });

  test.concurrent("puts the note of the old kustomization back, and the number of replicas that it names and the new one does not", async () => {
    const { status, before, objects } = await failedReplacement();
    expect(status).toBe(1);
    const left = new Map([...objects].filter(([key]) => key !== "clusters/users-db"));
    expect(state({ objects: left })).toEqual(before);
  });
});
