// deploy.sh as a process, and the kustomizations that it is given.
import { realpathSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import type { Server } from "./api-server.ts";
import { stub } from "./stub.ts";

const script = resolve(import.meta.dir, "../deploy.sh");

/**
 * Starts deploy.sh on a cluster, with a cosign and a gh that accept every image but a stranger's.
 *
 * @param more variables
 * @param command starts deploy.sh
 */
export async function startDeploy(
  server: Server,
  args: readonly string[],
  more: object = {},
  command: readonly string[] = [script],
) {
  const folder = temporaryFolder();
  // As cosign refuses a signature of another workflow.
  const reason = "none of the expected identities matched what was in the certificate";
  const proof = `case "$*" in *stranger*) echo "${reason}" >&2; exit 1 ;; esac`;
  await Promise.all([
    symlink(kubectl ?? "", join(folder.path, "kubectl")),
    ...["cosign", "gh"].map((name) => stub(folder.path, name, proof)),
  ]);
  const child = Bun.spawn([...command, ...args], {
    cwd: root,
    env: {
      PATH: `${folder.path}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: folder.path,
      KUBECONFIG_BASE64: btoa(server.kubeconfig),
      REPOSITORY: "acme/platform",
      // A kubectl that outlives its deploy, because that was killed, ends soon.
      TIMEOUT: "60s",
      // A kubectl ends after some milliseconds: to collect garbage is a quarter of what it costs.
      GOGC: "off",
      ...more,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]).then(
    async ([stdout, stderr, status]) => {
      await folder[Symbol.asyncDispose]();
      return { stdout, stderr, status };
    },
  );
  return { child, ended };
}

/** Runs deploy.sh on a cluster to its end. */
export const deploy = async (...args: Parameters<typeof startDeploy>) =>
  await (
    await startDeploy(...args)
  ).ended;

/** A kustomization of k8s/ and more. @returns its folder, which is deleted with it */
export async function kustomization(more: object, object?: object) {
  const folder = temporaryFolder();
  const base = relative(realpathSync(folder.path), join(root, "k8s"));
  if (object) await Bun.write(join(folder.path, "object.yaml"), JSON.stringify(object));
  const all = { resources: [base, ...(object ? ["object.yaml"] : [])], ...more };
  await Bun.write(join(folder.path, "kustomization.yaml"), JSON.stringify(all));
  return folder;
}

/** The variables that deploy a kustomization where k8s/ was deployed before. */
export const inPlaceOfBase = ({ path }: { readonly path: string }) => ({
  KUSTOMIZATION: path,
  REPLACE_KUSTOMIZATION: "k8s",
});
