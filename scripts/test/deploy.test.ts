import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { services } from "../services.ts";

const script = resolve(import.meta.dir, "../deploy.sh");
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const names = services.map(({ name }) => name);
const images = names.map((name, index) => `ghcr.io/acme/${name}@${digest(String(index))}`);

/** Deploys with a kubectl that logs its arguments and fails the rollout of one service. */
async function deploy(failing = "none") {
  await using folder = temporaryFolder();
  const stub = join(folder.path, "kubectl");
  const log = join(folder.path, "log");
  // For `apply`, it also logs the rendered manifests.
  await writeFile(
    stub,
    `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
  *"apply -k"*) for last; do :; done; ${kubectl} kustomize "$last" >> ${log} ;;
  *"rollout status deployment/${failing}"*) exit 1 ;;
esac
`,
    { mode: 0o755 },
  );
  const PATH = `${folder.path}:${process.env["PATH"]}`;
  const env = { PATH, KUBECONFIG_BASE64: btoa("apiVersion: v1") };
  const { exitCode: status } = Bun.spawnSync([script, ...images], { env });
  return { status, log: await Bun.file(log).text() };
}

describe("deploy.sh", () => {
  test("deploys exactly the images that it is given", async () => {
    const { status, log } = await deploy();
    expect(status).toBe(0);
    for (const image of images) expect(log).toContain(`image: ${image}`);
    expect(log).not.toContain("ghcr.io/example");
    expect(log).not.toContain("rollout undo");
  });

  test("rolls back every service if the rollout of the last one fails", async () => {
    const { status, log } = await deploy(names.at(-1));
    expect(status).toBe(1);
    for (const name of names) expect(log).toContain(`rollout undo deployment/${name}`);
  });
});
