// Deploys that are interrupted or killed, or that lose the cluster or their record before they end.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { root } from "../../scripts/root.ts";
import { serviceNames as names } from "../../scripts/services.ts";
import type { Server } from "../../scripts/test/api-server.ts";
import {
  deploy,
  inPlaceOfBase,
  kustomization,
  startDeploy,
} from "../../scripts/test/deploy-process.ts";
import {
  build,
  cluster,
  first,
  firstDeploy,
  image,
  last,
  running,
  serviceOf,
  state,
  workloads,
} from "../../scripts/test/deployed-cluster.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { autoscaled, withoutReplicas } from "./autoscaled.ts";

/** Waits until the deploy has changed the Deployment, whose pods then never get ready. */
const reaches = (server: Server, reference: string) =>
  server.until(() => running(server)[`deployments/${serviceOf(reference)}`] === reference);

describe.skipIf(kubectl === undefined)("deploy.sh", () => {
  test.concurrent("puts everything back if it is interrupted, but the number of replicas that an autoscaler has set", async () => {
    const { objects } = await firstDeploy();
    const autoscaledObjects = [...objects].map(
      ([key, object]) => [key, withoutReplicas(object)] as const,
    );
    await using server = await cluster({ objects: new Map(autoscaledObjects) });
    const before = state(server);
    await using folder = await kustomization(autoscaled);
    const images = [image(first, "new"), image(last, "stuck")];
    const { child, ended } = await startDeploy(server, images, inPlaceOfBase(folder));
    await reaches(server, image(last, "stuck"));
    for (const service of names) server.scale(service, 6);
    child.kill("SIGTERM");
    const { status, stderr } = await ended;
    expect(stderr).toContain("Interrupted by SIGTERM\n");
    expect(status).toBe(1);
    for (const service of names) {
      expect(server.objects.get(`deployments/${service}`)).toMatchObject({ spec: { replicas: 6 } });
      server.scale(service, 2);
    }
    expect(state(server)).toEqual(before);
  });

  test.concurrent("puts everything back if its step of the workflow is cancelled", async () => {
    await using server = await cluster();
    const before = state(server);
    const text = await Bun.file(join(root, ".github/workflows/ci-cd.yml")).text();
    const [, step = ""] = /run: (.*scripts\/deploy\.sh .*)/.exec(text) ?? [];
    await using folder = temporaryFolder();
    // As GitHub runs a step. It signals this process, and none that the process has started:
    // https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation
    const command = ["bash", "-e", join(folder.path, "step.sh")];
    await Bun.write(join(folder.path, "step.sh"), step);
    const images = [image(first, "new"), image(last, "stuck")];
    const variables: Record<string, string> = {};
    for (const reference of images) {
      variables[`${serviceOf(reference).toUpperCase().replace("-", "_")}_IMAGE`] = reference;
    }
    const { child, ended } = await startDeploy(server, [], variables, command);
    await reaches(server, image(last, "stuck"));
    child.kill("SIGINT");
    const { status, stderr } = await ended;
    expect(stderr).toContain("Interrupted by SIGINT\n");
    expect(status).toBe(1);
    expect(state(server)).toEqual(before);
  });

  test.concurrent("is refused while another runs, and --undo puts back what one that was killed has changed", async () => {
    await using server = await cluster();
    const before = state(server);
    const { child, ended } = await startDeploy(server, [image(first, "new"), image(last, "stuck")]);
    await reaches(server, image(last, "stuck"));
    const during = state(server);

    const second = await deploy(server, build("newer"));
    expect(second.status).toBe(1);
    expect(second.stderr).toContain("Another deploy has not ended");
    expect(second.stderr).toContain(`process ${child.pid}`);
    expect(second.stderr).toContain(
      "kubectl --namespace platform delete configmap bun-elysia-platform-deploy\n",
    );
    expect(state(server)).toEqual(during);

    child.kill("SIGKILL");
    await ended;
    // A wrong kustomization does not keep an operator from the roll-back, which needs none.
    const undone = await deploy(server, ["--undo"], { KUSTOMIZATION: "k8s/overlays/none" });
    expect(undone.status).toBe(0);
    // The record is gone too.
    expect(state(server)).toEqual(before);
  });

  test.concurrent("tells how to unlock the next deploy, and not to undo this one, if its record stays", async () => {
    await using server = await cluster({ denied: ["delete configmaps"] });
    const { status, stdout, stderr } = await deploy(server, build("new"));
    expect(status).toBe(3);
    expect(running(server)).toEqual(workloads(build("new")));
    expect(stdout).toContain("Deployed.");
    expect(stderr).toContain("configmaps is forbidden: denied at admission\n");
    expect(stderr).toContain("Do not run deploy.sh --undo");
    expect(stderr).toContain(
      "kubectl --namespace platform delete configmap bun-elysia-platform-deploy\n",
    );
  });

  test.concurrent("tells the way out if the cluster cannot be reached for the roll-back", async () => {
    await using server = await cluster();
    const { child, ended } = await startDeploy(server, [image(first, "new"), image(last, "stuck")]);
    await reaches(server, image(last, "stuck"));
    await server[Symbol.asyncDispose]();
    child.kill("SIGINT");
    const { status, stderr } = await ended;
    expect(status).toBe(3);
    expect(stderr).toContain("Once the cluster answers, run: deploy.sh --undo\n");
  });
});
