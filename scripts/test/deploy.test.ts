import { expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { temporaryFolder } from "../../shared/testing/running-service.ts";

const script = resolve(import.meta.dir, "../deploy.sh");
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const images = [
  `ghcr.io/acme/user-service@${digest("a")}`,
  `ghcr.io/acme/order-service@${digest("b")}`,
];

/** Deploys to a cluster that only notes what it is told, and fails the rollout of a service. */
async function deploy(failing = "none") {
  await using folder = await temporaryFolder();
  const stub = join(folder.path, "kubectl");
  const log = join(folder.path, "log");
  // What would be applied is rendered; all else is noted.
  await Bun.write(
    stub,
    `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
  *"apply -k"*) for last; do :; done; ${kubectl} kustomize "$last" >> ${log} ;;
  *"rollout status deployment/${failing}"*) exit 1 ;;
esac
`,
  );
  await chmod(stub, 0o755);
  const child = Bun.spawn([script, ...images], {
    env: {
      PATH: `${folder.path}:${process.env["PATH"]}`,
      KUBECONFIG_BASE64: btoa("apiVersion: v1"),
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const status = await child.exited;
  return { status, log: await Bun.file(log).text() };
}

test("what is deployed is exactly the images that were signed", async () => {
  const { status, log } = await deploy();
  expect(status).toBe(0);
  for (const image of images) expect(log).toContain(`image: ${image}`);
  expect(log).not.toContain("ghcr.io/example");
  expect(log).not.toContain("rollout undo");
});

test("a rollout that does not come up is rolled back, both services of it", async () => {
  const { status, log } = await deploy("order-service");
  expect(status).toBe(1);
  for (const service of ["user-service", "order-service"]) {
    expect(log).toContain(`rollout undo deployment/${service}`);
  }
});
