// The command line of a deploy: see ../deploy.sh.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readArguments, refuse } from "../arguments.ts";
import { root } from "../root.ts";
import { deploy } from "./deploy.ts";
import { messageOf } from "./error-text.ts";
import { status } from "./exit-status.ts";
import { parseImages } from "./images.ts";
import { KubectlError, kubectlFor, type Kubectl } from "./kubectl.ts";
import { undo } from "./roll-back.ts";
import { isDuration } from "./rollout.ts";
import { verificationOf } from "./signatures.ts";

const usage = `Usage: deploy.sh IMAGE@sha256:... [...]
       deploy.sh --undo

deploy.sh --help explains both, and the environment variables.
`;

/** What the command line asks for, ready to run. @returns the exit status */
type Command = (kubectl: Kubectl, folder: string) => Promise<number>;

const { values, positionals } = readArguments(usage, {
  options: { undo: { type: "boolean", default: false } },
  allowPositionals: true,
});
const hasImages = positionals.length > 0;
if (values.undo === hasImages) refuse("Name the images, or --undo", usage);

const timeout = Bun.env["TIMEOUT"] || "5m";
if (!isDuration(timeout)) {
  refuse(`Cannot use TIMEOUT "${timeout}": it must be a duration with its unit, such as 5m`, usage);
}
// A wrong KUSTOMIZATION or VERIFY keeps no operator from the roll-back, which needs neither.
const run: Command = values.undo ? (kubectl) => undo(kubectl, timeout) : deployCommand(positionals);

const { KUBECONFIG_BASE64 = "" } = Bun.env;
const folder = await mkdtemp(join(tmpdir(), "deploy-"));
try {
  const kubeconfig = KUBECONFIG_BASE64 === "" ? undefined : join(folder, "kubeconfig");
  if (kubeconfig !== undefined) {
    await writeFile(kubeconfig, KUBECONFIG_BASE64, { encoding: "base64", mode: 0o600 });
  }
  process.exitCode = await run(kubectlFor(kubeconfig, Bun.env["NAMESPACE"] || undefined), folder);
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

/** Ends the process with status 2 if an image or a variable of a deploy is wrong. */
function deployCommand(references: readonly string[]): Command {
  const images = parseImages(references);
  if (typeof images === "string") refuse(images, usage);
  // A variable of a GitHub repository that is not set is an empty text.
  const kustomization = resolve(Bun.env["KUSTOMIZATION"] || join(root, "k8s"));
  if (statSync(kustomization, { throwIfNoEntry: false })?.isDirectory() !== true) {
    refuse(`KUSTOMIZATION must be a folder, and ${kustomization} is none`, usage);
  }
  const replaced = Bun.env["REPLACE_KUSTOMIZATION"] || undefined;
  const verification = verificationOf(Bun.env);
  if (typeof verification === "string") refuse(verification, usage);
  return (kubectl, folder) =>
    deploy(images, { kubectl, timeout, kustomization, replaced, folder, verification });
}
