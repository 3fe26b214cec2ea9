// What ran before a deploy, kept on the cluster while the deploy runs. It is the lock as well: there is
// one record, the API server makes it for one deploy alone, and a deploy that was killed leaves it behind.
import { hostname, userInfo } from "node:os";
import type { State } from "./cluster-state.ts";
import { messageOf } from "./error-text.ts";
import { KubectlError, type Kubectl } from "./kubectl.ts";

/** The ConfigMap that holds the record. */
const name = "bun-elysia-platform-deploy";

/** How an operator removes it. */
const deletion = (kubectl: Kubectl) => kubectl.commandLine(["delete", "configmap", name]);

/** Where this deploy runs, for the next one that finds its record. */
function ownName() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = Bun.env;
  if (run !== undefined) return `${server}/${repository}/actions/runs/${run}`;
  return `${userInfo().username} on ${hostname()}, process ${process.pid}`;
}

/** Makes the record, still of nothing. @throws Error if another deploy has not ended, or if kubectl fails */
export async function lock(kubectl: Kubectl): Promise<void> {
  const record = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, labels: { "app.kubernetes.io/part-of": "bun-elysia-platform" } },
    data: {
      owner: ownName(),
      before: JSON.stringify({ objects: [], missing: [] } satisfies State),
    },
  };
  const { ok, stderr } = await kubectl.attempt(["create", "-f", "-"], {
    input: JSON.stringify(record),
  });
  if (ok) return;
  if (!stderr.includes("(AlreadyExists)")) throw new KubectlError(stderr.trim());
  const fields = "{.metadata.creationTimestamp}, by {.data.owner}";
  const found = await kubectl.attempt(["get", "configmap", name, "-o", `jsonpath=${fields}`]);
  throw new Error(`Another deploy has not ended. It began at ${found.stdout}.
Wait for it. If it was killed: deploy.sh --undo puts back what ran before it.
If its output says that its record stays: ${await deletion(kubectl)}`);
}

/** Keeps what ran before, without which nothing may change. @throws Error */
export async function recordState(kubectl: Kubectl, before: State): Promise<void> {
  const args = ["patch", "configmap", name, "--type=merge", "--patch-file=/dev/stdin"];
  const data = { before: JSON.stringify(before) };
  await kubectl.run(args, { input: JSON.stringify({ data }) });
}

/** The record of a deploy that has not ended; undefined if there is none. @throws Error */
export async function recordedState(kubectl: Kubectl): Promise<State | undefined> {
  const args = ["get", "configmap", name, "--ignore-not-found", "-o", "jsonpath={.data.before}"];
  const text = await kubectl.run(args);
  // A deploy has written it.
  return text === "" ? undefined : (JSON.parse(text) as State);
}

/**
 * Removes the record: all is done, or put back.
 *
 * @returns whether that has worked; if not, stderr says how an operator removes it
 */
export async function unlock(kubectl: Kubectl): Promise<boolean> {
  try {
    await kubectl.run(["delete", "configmap", name, "--ignore-not-found"]);
    return true;
  } catch (error) {
    console.error(`This deploy has ended, and its record stays, with which the next deploy is refused:
${messageOf(error)}
Do not run deploy.sh --undo, which would put back what ran before.`);
    // On its own: to ask a cluster that is away takes seconds.
    console.error(`Delete the record: ${await deletion(kubectl)}`);
    return false;
  }
}
