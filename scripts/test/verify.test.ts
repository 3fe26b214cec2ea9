// scripts/verify.sh against a kubectl that answers as a cluster would.
import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import type { Pod } from "kubernetes-types/core/v1";
import { read } from "../../k8s/test/manifests.ts";
import { expectRestricted } from "../../k8s/test/pod.ts";
import { allows, incoming } from "../../k8s/test/traffic.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { serviceNames as names } from "../services.ts";
import { stub } from "./stub.ts";

const script = resolve(import.meta.dir, "../verify.sh");
const hourMs = 3_600_000;
const hoursAgo = (hours: number) =>
  new Date(Date.now() - hours * hourMs).toISOString().replace(/\.\d+/, "");

/** What the cluster answers, as cases of a shell; the first that fits counts. */
const healthy = `
*"rollout status"*) echo successfully rolled out ;;
*"get deployment"*readyReplicas*) echo 2 ;;
*"get deployment"*image*) echo ghcr.io/acme/service@sha256:1 ;;
*"get pods"*) printf 'pod-1\\npod-2\\n' ;;
*--version) echo "$service 1.2.0 (abc)" ;;
*"get cronjob "*"-o name") echo "cronjob.batch/$service-backup" ;;
*"get cronjob"*lastSuccessfulTime*) echo ${hoursAgo(3)} ;;
*"get cronjob"*image*) echo ghcr.io/acme/service@sha256:1 ;;
*"get service"*) echo 10.0.0.7 ;;
*"exec verify-stranger"*) echo "wget: download timed out" >&2; exit 1 ;;
*"exec verify-permitted"*) ;;
*"create -f -"*) cat >> "$created"; echo --- >> "$created" ;;
*wait* | *delete*) ;;
*) echo "The test does not know: $*" >&2; exit 1 ;;
`;

/** Runs the script with a cluster that is healthy but for what is given first. */
async function verify(faults = "", args: string[] = []) {
  await using folder = temporaryFolder();
  const log = join(folder.path, "log");
  const created = join(folder.path, "created");
  const commands = `printf '%s\\n' "$*" >> ${log}
export created=${created}
case "$*" in
${names.map((name) => `*${name}*) service=${name} ;;\n`).join("")}esac
case "$*" in
${faults}${healthy}esac`;
  const PATH = await stub(folder.path, "kubectl", commands);
  const { exitCode: status, stdout } = Bun.spawnSync([script, ...args], { env: { PATH } });
  return {
    status,
    lines: stdout.toString().trimEnd().split("\n"),
    calls: (await Bun.file(log).text()).trimEnd().split("\n"),
    created: (await Bun.file(created).exists())
      ? Bun.YAML.parse(await Bun.file(created).text())
      : undefined,
  };
}

test("a cluster on which all is well gets an ok for each check of each service", async () => {
  const { status, lines } = await verify();
  expect(lines).toEqual([
    ...names.map((name) => `ok ${name} is up: 2 pods are ready`),
    ...names.map(
      (name) => `ok every pod runs ${name} 1.2.0 (abc), of the image ghcr.io/acme/service@sha256:1`,
    ),
    ...names.map((name) => expect.stringContaining(`ok the last backup of ${name} is of 2`)),
    ...names.map(
      (name) =>
        `ok the network policies of ${name} are enforced: ` +
        "a pod that they admit is served, a pod of default is refused",
    ),
  ]);
  expect(status).toBe(0);
});

test("a message of kubectl beside a version is no other version", async () => {
  const { status, lines } = await verify(
    `*--version) echo "E1129 websocket.go:296] Unknown stream id 1, discarding message" >&2
  echo "$service 1.2.0 (abc)" ;;`,
  );
  expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([]);
  expect(status).toBe(0);
});

describe("one failure ends it with status 1, and the line says what to do:", () => {
  test.each([
    [
      "a rollout that hangs",
      `*"rollout status deployment/user-service"*) echo "Waiting for 1 of 2" >&2; exit 1 ;;`,
      "FAILED user-service is not up: Waiting for 1 of 2. See kubectl describe pods ",
    ],
    [
      "no replicas, of which all are rolled out",
      `*"get deployment user-service"*readyReplicas*) ;;`,
      "FAILED user-service is not up: it has no replicas. See kubectl scale",
    ],
    [
      "pods of two versions",
      `*"exec pod-2 -c order-service"*) echo "order-service 1.1.0 (old)" ;;`,
      "FAILED order-service runs in several versions: order-service 1.1.0 (old), order-service 1.2.0 (abc). Wait for",
    ],
    [
      "pods that cannot be asked",
      `*--version) echo "error: pods is forbidden" >&2; exit 1 ;;`,
      "FAILED user-service does not say which version it is: error: pods is forbidden. See",
    ],
    [
      "no backup yet",
      `*"get cronjob.batch/user-service-backup"*lastSuccessfulTime*) ;;`,
      "FAILED user-service has no backup that succeeded. Make one: kubectl create job user-service-backup-now",
    ],
    [
      "no backup yet, beside which kubectl writes a message of its own",
      `*"get cronjob.batch/user-service-backup"*lastSuccessfulTime*) echo "E1129 memcache.go:287] x" >&2 ;;`,
      "FAILED user-service has no backup that succeeded. Make one: kubectl create job user-service-backup-now",
    ],
    [
      "backups that the operator may not see",
      `*"get cronjob "*) echo "Error from server (Forbidden): cronjobs" >&2; exit 1 ;;`,
      "FAILED when user-service was last backed up is unknown: Error from server (Forbidden): cronjobs.",
    ],
    [
      "a backup of the night before last",
      `*"get cronjob.batch/order-service-backup"*lastSuccessfulTime*) echo ${hoursAgo(26)} ;;`,
      "FAILED the last backup of order-service that succeeded is of 2",
    ],
    [
      "a backup that runs another image than the service",
      `*"get cronjob/user-service-backup"*image*) echo broken ;;`,
      "FAILED the backup of user-service runs broken, the service ghcr.io/acme/service@sha256:1.",
    ],
    [
      "policies that no plugin enforces",
      `*"exec verify-stranger"*) ;;`,
      "FAILED the network policies of user-service are not enforced: it serves a pod of default.",
    ],
    [
      "a stranger that fails for a reason of its own",
      `*"exec verify-stranger"*) echo "wget: bad address" >&2; exit 1 ;;`,
      "FAILED whether the network policies of user-service are enforced is unknown: the stranger's pod says: wget: bad address",
    ],
    [
      "a service that answers no pod, so that a refusal proves nothing",
      `*"exec verify-permitted"*) echo "wget: download timed out" >&2; exit 1 ;;`,
      "FAILED user-service does not serve a pod that its network policies admit: refused, then refused.",
    ],
    [
      "pods that do not start",
      `*"wait "*) echo "error: timed out waiting" >&2; exit 1 ;;`,
      "FAILED whether the network policies are enforced is unknown: the pods that are to connect did not start: error: timed out waiting.",
    ],
  ])("%s", async (_, fault, line) => {
    const { status, lines } = await verify(`${fault}\n`);
    expect(lines.filter((each) => each.startsWith("FAILED"))).toContainEqual(
      expect.stringContaining(line),
    );
    expect(status).toBe(1);
  });
});

test("a cluster that does not answer is one failure, and no word about versions or backups", async () => {
  const { status, lines, calls } = await verify(
    `*) printf 'E1129 memcache.go:265] refused\\nThe server was refused - is it the right port?\\n' >&2; exit 1 ;;\n`,
  );
  expect(lines).toEqual([
    "FAILED the cluster does not say what runs: The server was refused - is it the right port. " +
      "See kubectl config current-context",
  ]);
  expect(status).toBe(1);
  expect(calls).toHaveLength(1);
});

test("with PostgreSQL the last backup is the newest that CloudNativePG completed", async () => {
  const [first, second, third] = [hoursAgo(30), hoursAgo(2), hoursAgo(1)];
  const backups = [`users-db ${first}`, `users-db ${second}`, `orders-db ${third}`];
  const { status, lines } = await verify(`
*"get cronjob "*"-o name") ;;
*"get cronjob"*) exit 1 ;;
*"get backups.postgresql.cnpg.io"*) printf '${backups.join("\\n")}\\n' ;;
`);
  expect(lines).toContain(`ok the last backup of user-service is of ${second}`);
  expect(lines).toContain(`ok the last backup of order-service is of ${third}`);
  expect(status).toBe(0);
});

test("its pods run where Pod Security is restricted, and the policies admit one of them", async () => {
  const { created } = await verify();
  // Two documents, and what follows the last separator.
  const [permitted, stranger] = created as [Pod, Pod, null];
  for (const { spec } of [permitted, stranger]) if (spec) expectRestricted(spec);
  expect(stranger.spec).toEqual(permitted.spec ?? { containers: [] });
  const objects = (await Promise.all(names.map(read))).flat();
  for (const name of names) {
    const rules = incoming(objects, name);
    expect(allows(rules, { pod: permitted.metadata?.labels ?? {} }, 8000)).toBe(true);
    const pod = stranger.metadata?.labels ?? {};
    expect(allows(rules, { pod }, 8000)).toBe(false);
    expect(allows(rules, { pod, namespace: "default" }, 8000)).toBe(false);
  }
});

test("every call has the options for kubectl, and its pods are gone afterwards", async () => {
  const options = ["--context", "kind-x", "--namespace", "platform"];
  const { calls } = await verify("", options);
  expect(calls.filter((call) => !call.startsWith(options.join(" ")))).toEqual([]);
  const creations = calls.filter((call) => call.includes(" create -f -"));
  expect(creations).toHaveLength(2);
  expect(creations[1]).toContain("--namespace platform --namespace default create");
  expect(calls.slice(-2)).toEqual([
    expect.stringMatching(/ delete pod verify-permitted-\d+ --ignore-not-found /),
    expect.stringMatching(
      / --namespace default delete pod verify-stranger-\d+ --ignore-not-found /,
    ),
  ]);
});
