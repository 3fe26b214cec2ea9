import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join, relative } from "node:path";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { checkKustomization, noteAnnotation } from "../deploy/applied-kustomization.ts";
import type { ClusterObject } from "../deploy/cluster-objects.ts";
import { verificationCommands } from "../deploy/signatures.ts";
import { root } from "../root.ts";
import { deploy, inPlaceOfBase, kustomization } from "./deploy-process.ts";
import {
  build,
  cluster,
  first,
  firstDeploy,
  image,
  last,
  revision,
  running,
  serviceOf,
  state,
  workloads,
} from "./deployed-cluster.ts";
import { once } from "./once.ts";
import { readPage } from "./pages.ts";

/** The object as if no deploy had noted its kustomization. */
function withoutNote(object: ClusterObject): ClusterObject {
  const { [noteAnnotation]: _, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
}

const deployments = (images: readonly string[]) =>
  Object.fromEntries(images.map((image) => [`deployments/${serviceOf(image)}`, image]));

/** What the kustomization of {@link ownDeploy} adds to a ConfigMap. */
const ownData = { AUTH_ISSUER: "https://login.example.com" };

/** A deploy of a kustomization with settings, images and a namespace of its own, in place of k8s/. */
const ownDeploy = once(async () => {
  await using server = await cluster();
  const configuration = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: first },
    data: ownData,
  };
  const images = build("new").map((reference) => ({
    name: `ghcr.io/example/${serviceOf(reference)}`,
    newName: reference.replace(/@.*/, ""),
    ...(serviceOf(reference) === first
      ? { newTag: "1.0.0" }
      : { digest: `sha256:${"1".repeat(64)}` }),
  }));
  const patches = [{ patch: JSON.stringify(configuration) }];
  await using folder = await kustomization({ patches, images, namespace: "platform" });
  const result = await deploy(server, build("new"), inPlaceOfBase(folder));
  return { ...result, name: relative(root, folder.path), objects: new Map(server.objects) };
});

describe.skipIf(kubectl === undefined)("deploy.sh", () => {
  setDefaultTimeout(180_000);

  test.concurrent("deploys images without a signature only when told to, and says so", async () => {
    const { status, stdout, stderr } = await firstDeploy();
    expect(status).toBe(0);
    expect(stderr).toContain("WARNING: VERIFY=none");
    expect(stdout).toContain("::warning title=Not verified::VERIFY=none");
  });

  test.concurrent("deploys exactly the images that it is given, to Deployments and backups", async () => {
    await using server = await cluster();
    const { status, stdout } = await deploy(server, build("new"));
    expect(status).toBe(0);
    expect(running(server)).toEqual(workloads(build("new")));
    for (const reference of build("new")) {
      expect(stdout).toContain(`${reference}, revision 2, 2 of 2 pods ready\n`);
    }
    const { objects } = await firstDeploy();
    expect([...server.objects.keys()].toSorted()).toEqual([...objects.keys()].toSorted());
  });

  test.concurrent("deploys the kustomization that it is given", async () => {
    const { status, objects } = await ownDeploy();
    expect(status).toBe(0);
    expect([...objects.values()]).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining(ownData) }),
    );
  });

  // As overlays/postgres does. kubectl refuses an `apply` of nothing.
  test.concurrent("deploys a kustomization without backups and public routes", async () => {
    await using server = await cluster();
    const patches = ["CronJob", "Ingress"].map((kind) => ({
      target: { kind },
      patch: JSON.stringify({ $patch: "delete", kind, metadata: { name: "all" } }),
    }));
    await using folder = await kustomization({ patches });
    const { status, stdout } = await deploy(server, build("new"), inPlaceOfBase(folder));
    expect(status).toBe(0);
    expect(stdout).toContain("Deployed. This runs now");
    expect(running(server)).toMatchObject(deployments(build("new")));
  });

  test.concurrent("deploys its images with a kustomization that names the same by newTag and by digest", async () => {
    const { status, objects } = await ownDeploy();
    expect(status).toBe(0);
    expect(running({ objects })).toEqual(workloads(build("new")));
  });

  test.concurrent("deploys a kustomization that names the namespace of the deploy", async () => {
    const { status, stderr } = await ownDeploy();
    expect(stderr).not.toContain("namespace");
    expect(status).toBe(0);
  });

  test.concurrent("changes nothing if a kustomization has an image that it is not given", async () => {
    await using server = await cluster();
    const before = state(server);
    const images = [{ name: `ghcr.io/example/${first}`, newName: `ghcr.io/stranger/${first}` }];
    await using folder = await kustomization({ images });
    const { status, stderr } = await deploy(server, build("new"), inPlaceOfBase(folder));
    expect(status).toBe(1);
    expect(stderr).toContain(`would run ghcr.io/stranger/${first}:`);
    expect(state(server)).toEqual(before);
  });

  test.concurrent("notes which kustomization runs, and puts no other in its place unless told to", async () => {
    await using server = await cluster();
    await using folder = await kustomization({});
    const before = state(server);
    const { status, stderr } = await deploy(server, build("new"), { KUSTOMIZATION: folder.path });
    expect(status).toBe(1);
    expect(stderr).toStartWith("Nothing has been changed. ");
    expect(stderr).toContain(
      `has been deployed from k8s, and this deploy is of ${relative(root, folder.path)}`,
    );
    expect(stderr).toContain("REPLACE_KUSTOMIZATION=k8s");
    expect(state(server)).toEqual(before);
  });

  test.concurrent("notes a kustomization that took the place of another, which is then refused itself", async () => {
    const { name, objects } = await ownDeploy();
    await using server = await cluster({ objects });
    // As where KUSTOMIZATION was forgotten. The variable which was set for the one deploy allows no other.
    const base = await deploy(server, build("newer"), { REPLACE_KUSTOMIZATION: "k8s" });
    expect(base.status).toBe(1);
    expect(base.stderr).toContain(`has been deployed from ${name}, and this deploy is of k8s`);
    expect(running(server)).toEqual(workloads(build("new")));
  });

  test.concurrent("deploys where none has noted a kustomization, as after kubectl apply -k", async () => {
    const objects = [...(await firstDeploy()).objects.values()];
    const folder = join(root, "k8s/overlays/local");
    const check = (objects: readonly ClusterObject[]) => () => checkKustomization(objects, folder);
    expect(check(objects)).toThrow("has been deployed from k8s");
    expect(check(objects.map(withoutNote))).not.toThrow();
  });

  test.concurrent("notes the kustomization without a restart of the pods", async () => {
    const { objects } = await firstDeploy();
    const deployment = objects.get(`deployments/${first}`);
    expect(deployment?.metadata.annotations).toMatchObject({ [noteAnnotation]: "k8s" });
    expect(JSON.stringify(deployment?.["spec"])).not.toContain(noteAnnotation);
  });

  test.concurrent("does not touch a service if the one before it fails", async () => {
    await using server = await cluster();
    const before = state(server);
    const { status, stderr } = await deploy(server, [image(first, "broken"), image(last, "new")]);
    expect(status).toBe(1);
    expect(stderr).toContain(`The rollout of ${first} has failed`);
    expect(state(server)).toEqual(before);
    expect([revision(server, first), revision(server, last)]).toEqual(["3", "1"]);
  });

  test.concurrent.each([
    ["to change Deployments", "patch deployments", "cannot patch deployments"],
    ["to delete what a roll-back has to", "delete configmaps", "may not delete configmap"],
  ])("changes nothing without the right %s", async (_, right, reason) => {
    await using server = await cluster({ forbidden: [right] });
    const before = state(server);
    const { status, stderr } = await deploy(server, build("new"));
    expect(status).toBe(1);
    expect(stderr).toStartWith("Nothing has been changed. ");
    expect(stderr).toContain(reason);
    expect(state(server)).toEqual(before);
  });

  test.concurrent.each([
    ["the kubeconfig's context", {}],
    ["NAMESPACE", { NAMESPACE: "platform" }],
  ])("changes nothing if a kustomization is for another namespace than %s", async (_, env) => {
    await using server = await cluster();
    const before = state(server);
    await using folder = await kustomization({ namespace: "shop" });
    const more = { ...inPlaceOfBase(folder), ...env };
    const { status, stderr } = await deploy(server, build("new"), more);
    expect(status).toBe(1);
    expect(stderr).toStartWith("Nothing has been changed. ");
    expect(stderr).toContain("is for the namespace shop, and this deploy works in platform");
    expect(stderr).toContain("Set NAMESPACE=shop");
    expect(state(server)).toEqual(before);
  });

  test.concurrent("changes nothing if an image is not signed by the workflow", async () => {
    await using server = await cluster();
    const before = state(server);
    const images = [image(first, "new"), `ghcr.io/stranger/${last}@sha256:${"0".repeat(64)}`];
    const { status, stderr } = await deploy(server, images);
    expect(status).toBe(1);
    expect(stderr).toStartWith("Nothing has been changed. ghcr.io/stranger/");
    expect(stderr).toContain("has no signature by the CI/CD workflow of acme/platform");
    expect(stderr).not.toContain("KUBECONFIG");
    expect(state(server)).toEqual(before);
  });

  test.concurrent.each([
    ["that answers", (kubeconfig: string) => kubeconfig],
    ["in a kubeconfig", () => "not a kubeconfig"],
  ])("says how to name the cluster if there is none %s", async (_, kubeconfig) => {
    const server = await cluster();
    await server[Symbol.asyncDispose]();
    const KUBECONFIG_BASE64 = btoa(kubeconfig(server.kubeconfig));
    const { status, stderr } = await deploy(server, build("new"), { KUBECONFIG_BASE64 });
    expect(status).toBe(1);
    expect(stderr).toStartWith("Nothing has been changed. ");
    expect(stderr).toContain("KUBECONFIG names the file with the cluster");
  });

  test.concurrent.each([
    [2, "no images", [], {}],
    [2, "a tag", [`ghcr.io/acme/${first}:latest`], {}],
    [2, "a capital letter", [image(first, "new").replace("acme", "Acme")], {}],
    [2, "one service twice", [image(first, "new"), image(first, "old")], {}],
    [2, "no repository to verify against", build("new"), { REPOSITORY: "" }],
    [2, "a kustomization that is not there", build("new"), { KUSTOMIZATION: "k8s/overlays/none" }],
    [2, "a time-out without its unit", build("new"), { TIMEOUT: "300" }],
    [1, "too few images", [image(first, "new")], {}],
    [1, "an unknown service", [...build("new"), image("mailer", "new")], {}],
  ])("exits with %d for %s, and changes nothing", async (expected, _, images, env) => {
    await using server = await cluster();
    const before = state(server);
    const { status, stderr } = await deploy(server, images, env);
    expect(status).toBe(expected);
    expect(stderr).not.toBe("");
    expect(state(server)).toEqual(before);
  });
});

test.each(["k8s/README.md", "docs/releases.md"])(
  "%s shows the commands by which deploy.sh verifies an image",
  async (page) => {
    const [, image = "", workflow = "", commands = ""] =
      /^image=(.*)\nworkflow=(.*)\n(cosign [^]*?)\n```/m.exec(await readPage(page)) ?? [];
    const shown = commands
      .replaceAll(/ \\\n +/g, " ")
      .replaceAll(/"(.*?)"/g, "$1")
      .replaceAll("$workflow", workflow)
      .replaceAll("$image", image);
    const run = verificationCommands(image, "OWNER/REPOSITORY").map(({ command }) =>
      command.join(" "),
    );
    expect(shown.split("\n")).toEqual(run);
  },
);

test("an image that a tag or another branch has signed is not one that main has tested", () => {
  for (const { command } of verificationCommands(image(first, "new"), "acme/platform")) {
    expect(command).toContain(
      "https://github.com/acme/platform/.github/workflows/ci-cd.yml@refs/heads/main",
    );
  }
});
