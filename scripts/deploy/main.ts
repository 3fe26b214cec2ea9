// The command line of a deploy: see ../deploy.sh.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readArguments, refuse } from "../arguments.ts";
import { root } from "../root.ts";
import { deploy } from "./deploy.ts";
import { parseImages } from "./images.ts";
import { KubectlError, kubectlFor } from "./kubectl.ts";
import { undo } from "./roll-back.ts";
import { isDuration } from "./rollout.ts";
import { messageOf, status } from "./status.ts";
import { verificationOf } from "./verify.ts";

const usage = `Usage: deploy.sh IMAGE@sha256:... [...]
       deploy.sh --undo

deploy.sh --help explains both, and the environment variables.
`;

const { values, positionals } = readArguments(usage, {
  options: { undo: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (values.undo === positionals.length > 0) refuse("Name the images, or --undo", usage);
const images = parseImages(positionals);
if (typeof images === "string") refuse(images, usage);

// A variable of a GitHub repository that is not set is an empty text.
const kustomization = resolve(Bun.env["KUSTOMIZATION"] || join(root, "k8s"));
const isFolder = statSync(kustomization, { throwIfNoEntry: false })?.isDirectory() === true;
if (!values.undo && !isFolder) {
  refuse(`KUSTOMIZATION must be a folder, and ${kustomization} is none`, usage);
}
const replaced = Bun.env["REPLACE_KUSTOMIZATION"] || undefined;
const verification = verificationOf(Bun.env);
if (!values.undo && typeof verification === "string") refuse(verification, usage);
const timeout = Bun.env["TIMEOUT"] || "5m";
if (!isDuration(timeout)) {
  refuse(`Cannot use TIMEOUT "${timeout}": it must be a duration with its unit, such as 5m`, usage);
}

const { KUBECONFIG_BASE64 = "" } = Bun.env;
const namespace = Bun.env["NAMESPACE"] || undefined;
const folder = await mkdtemp(join(tmpdir(), "deploy-"));
try {
  const kubeconfig = KUBECONFIG_BASE64 === "" ? undefined : join(folder, "kubeconfig");
  if (kubeconfig !== undefined) {
    await writeFile(kubeconfig, KUBECONFIG_BASE64, { encoding: "base64", mode: 0o600 });
  }
  const kubectl = kubectlFor(kubeconfig, namespace);
  process.exitCode =
    values.undo || typeof verification === "string"
      ? await undo(kubectl, timeout)
      : await deploy(images, { kubectl, timeout, kustomization, replaced, folder, verification });
} catch (error) {
  console.error(`Nothing has been changed. ${messageOf(error)}`);
  if (error instanceof KubectlError && error.isAboutCluster) {
    console.error(
      "See whether kubectl version shows a server. KUBECONFIG names the file with the cluster, " +
        "KUBECONFIG_BASE64 is such a file in base64",
    );
  }
  process.exitCode = status.asBefore;
} finally {
  await rm(folder, { recursive: true });
}
