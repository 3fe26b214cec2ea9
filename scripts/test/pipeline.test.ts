// The scripts of the CI/CD workflow: what they decide, and what they publish.
import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import { gitRepository } from "./git-repository.ts";
import { stub } from "./stub.ts";

const scripts = join(root, "scripts");

/** Runs a script with no more in its environment than it is given. */
function run(script: string, env: Record<string, string>, args: readonly string[] = []) {
  const { exitCode, stdout } = Bun.spawnSync([script, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stderr: "ignore",
  });
  return { status: exitCode, stdout: stdout.toString() };
}

describe("changes.sh", () => {
  /** A repository with changes.sh, whose second commit changes the files. */
  async function repository(...changed: string[]) {
    const copy = await gitRepository();
    const copied = ["changes.sh", "command-line.sh"].map((name) => join(scripts, name));
    await $`mkdir scripts && cp ${copied} scripts`.cwd(copy.path);
    await copy.commit();
    const first = (await copy.git("rev-parse", "HEAD")).trim();
    for (const file of changed) await copy.write(file, "changed\n");
    await copy.commit();
    const PATH = await stub(copy.path, "gh", `echo "$LAST_PASSED"`);
    return {
      ...copy,
      first,
      decide(env: Record<string, string>) {
        const all = { PATH, GITHUB_REPOSITORY: "acme/shop", ...env };
        return run(join(copy.path, "scripts/changes.sh"), all).stdout.trim().split("\n").at(-1);
      },
    };
  }

  test.each(["README.md", "docs/api.md k8s/README.md", "LICENSE docs/new/page.md"])(
    "a change of %s breaks no code",
    async (files) => {
      await using copy = await repository(...files.split(" "));
      expect(copy.decide({ BASE: copy.first })).toBe("code=false");
    },
  );

  test.each(["README.md compose.yaml", "docs/generate.ts", ".github/workflows/a.yml"])(
    "a change of %s can break code",
    async (files) => {
      await using copy = await repository(...files.split(" "));
      expect(copy.decide({ BASE: copy.first })).toBe("code=true");
    },
  );

  test("a change of a page whose configurations the tests with faults run can break code", async () => {
    const read = await $`git grep -hoE ${String.raw`readPage\("[^"]+`} -- faults`.cwd(root).text();
    const pages = Array.from(read.matchAll(/"(.*)$/gm), ([, page]) => `docs/${page}`);
    expect(pages).not.toBeEmpty();
    for (const page of pages) {
      await using copy = await repository(page);
      expect([page, copy.decide({ BASE: copy.first })]).toEqual([page, "code=true"]);
    }
  });

  test("a push is compared with the last commit that passed", async () => {
    await using copy = await repository("README.md");
    expect(copy.decide({ LAST_PASSED: copy.first })).toBe("code=false");
  });

  test("the run of an older commit is not compared with a newer one that passed", async () => {
    await using copy = await repository("README.md");
    const newer = (await copy.git("rev-parse", "HEAD")).trim();
    await copy.git("checkout", "--quiet", copy.first);
    expect(copy.decide({ LAST_PASSED: newer })).toBe("code=true");
  });

  test("it fails, and decides nothing, if git cannot compare the commits", async () => {
    await using copy = await repository("compose.yaml");
    const PATH = await stub(
      copy.path,
      "git",
      `case $1 in diff) echo "fatal: unable to read tree" >&2; exit 128 ;; esac`,
    );
    const env = { PATH, BASE: copy.first };
    const { status, stdout } = run(join(copy.path, "scripts/changes.sh"), env);
    expect(stdout).toBe("");
    expect(status).toBe(128);
  });

  test.each(["", "0".repeat(40)])(
    "everything counts as changed if the commit before is %j",
    async (commit) => {
      await using copy = await repository("README.md");
      expect(copy.decide({ LAST_PASSED: commit })).toBe("code=true");
      expect(copy.decide({ BASE: commit })).toBe("code=true");
    },
  );
});

describe("gate.sh", () => {
  const gate = (CODE: string, faults: string, check = "success") =>
    run(join(scripts, "gate.sh"), {
      CODE,
      RESULTS: `\nalways check ${check}\ncode faults ${faults}\n`,
    });

  test("passes if every job has succeeded, or was skipped for a change of documentation", () => {
    expect(gate("true", "success").status).toBe(0);
    expect(gate("false", "skipped").status).toBe(0);
  });

  test.each([
    ["true", "failure", "success"],
    ["true", "cancelled", "success"],
    ["true", "skipped", "success"],
    ["true", "", "success"],
    // The job that decides what has changed has failed.
    ["", "skipped", "success"],
    ["false", "skipped", "failure"],
    ["false", "skipped", "skipped"],
  ])("fails with code=%s, faults %s and check %s", (code, faults, check) => {
    const { status, stdout } = gate(code, faults, check);
    expect(status).toBe(1);
    expect(stdout).toContain("::error title=");
  });
});

/** Of an image, where a stub stands for its registry. */
const digest = `sha256:${"1".repeat(64)}`;

test("build-image.sh builds for both architectures, with nothing in the image that names the run", async () => {
  await using folder = temporaryFolder();
  const archive = join(folder.path, "images/user-service.tar");
  const PATH = await stub(
    folder.path,
    "docker",
    `case "$*" in *imagetools*) echo ${digest} ;; *) printf '%s\\n' "$@" ;; esac`,
  );
  const env = { PATH, GITHUB_REPOSITORY: "Acme/Shop", GITHUB_SERVER_URL: "https://github.com" };
  const { status, stdout } = run(join(scripts, "build-image.sh"), env, ["user-service", archive]);
  expect(status).toBe(0);
  const words = stdout.trim().split("\n");
  expect(words).toContain("linux/amd64,linux/arm64");
  expect(words).toContain("--build-arg=BUILD_SOURCE=https://github.com/Acme/Shop");
  expect(words).toContain("--provenance=false");
  expect(words).toContain("--sbom=false");
  expect(words).toContain(`type=oci,dest=${archive}`);
});

describe("publish-image.sh", () => {
  /** Publishes with a skopeo that prints what it copies. */
  async function publish(GITHUB_REPOSITORY: string, ATTESTED = "true") {
    await using folder = temporaryFolder();
    const PATH = await stub(
      folder.path,
      "skopeo",
      `echo "$*"; for word; do case $last in --digestfile) echo ${digest} > "$word" ;; esac; last=$word; done`,
    );
    const env = { PATH, GITHUB_REPOSITORY, ATTESTED, GITHUB_SHA: "abc" };
    const archive = join(folder.path, "user-service.tar");
    await writeFile(archive, "");
    const published = run(join(scripts, "publish-image.sh"), env, ["user-service", archive]);
    return { ...published, archive };
  }

  test("names the image after owner, repository and service, in lower case as registries want it", async () => {
    const { stdout, archive } = await publish("Acme/Web-Shop");
    const name = "ghcr.io/acme/web-shop/user-service";
    expect(stdout).toContain(` oci-archive:${archive} docker://${name}:sha-abc\n`);
    expect(stdout).toContain(`name=${name}\ndigest=${digest}\nuser-service=${name}@${digest}\n`);
  });

  test("publishes every platform of the archive, or fails, without a change of its digest", async () => {
    const { stdout } = await publish("acme/shop");
    expect(stdout).toStartWith("copy --all --preserve-digests ");
    expect(stdout).not.toContain("::notice");
  });

  test("publishes and says what is missing where GitHub attests nothing", async () => {
    const { status, stdout } = await publish("acme/shop", "false");
    expect(status).toBe(0);
    expect(stdout).toContain("::notice title=Not attested::user-service is published and signed");
  });
});

test("find-cluster.sh skips the deployment with a notice if there is no kubeconfig", () => {
  const script = join(scripts, "find-cluster.sh");
  expect(run(script, { KUBECONFIG_BASE64: "" }).stdout).toMatch(
    /^::notice title=Not deployed::.*\nknown=false\n$/,
  );
  expect(run(script, { KUBECONFIG_BASE64: btoa("apiVersion: v1") }).stdout).toBe("known=true\n");
});

describe("find-newer.sh", () => {
  /** A repository with the script and three commits, of which the second is checked out. */
  async function repository(deployments: (commits: readonly string[]) => string, states: string) {
    const copy = await gitRepository();
    const copied = ["find-newer.sh", "command-line.sh"].map((name) => join(scripts, name));
    await $`mkdir scripts && cp ${copied} scripts`.cwd(copy.path);
    const commits: string[] = [];
    for (const message of ["older", "this", "newer"]) {
      await copy.commit(message);
      commits.push((await copy.git("rev-parse", "HEAD")).trim());
    }
    await copy.git("checkout", "--quiet", commits[1] ?? "");
    const PATH = await stub(
      copy.path,
      "gh",
      `case $2 in
        repos/acme/shop/deployments/7/statuses*) printf '${states}' ;;
        repos/acme/shop/deployments\\?environment=production*) printf '${deployments(commits)}' ;;
        *) exit 1 ;;
      esac`,
    );
    const env = { PATH, GITHUB_REPOSITORY: "acme/shop" };
    const decide = (more: Record<string, string> = {}) =>
      run(join(copy.path, "scripts/find-newer.sh"), { ...env, ...more });
    return { ...copy, commits, decide };
  }

  test("skips the deployment with a notice if a newer commit has been deployed", async () => {
    await using copy = await repository(([, , newer]) => `7 ${newer}\\n`, "inactive\\nsuccess\\n");
    const { status, stdout } = copy.decide();
    expect(status).toBe(0);
    const [, commit = "", newer = ""] = copy.commits;
    expect(stdout).toStartWith(`::notice title=Not deployed::${commit} is older than ${newer}, `);
    expect(stdout).toEndWith("\ndeploy=false\n");
    expect(copy.decide({ REDEPLOY: commit }).stdout).toBe("deploy=true\n");
    expect(copy.decide({ REDEPLOY: newer }).stdout).toEndWith("\ndeploy=false\n");
  });

  test.each<[string, (commits: readonly string[]) => string, string]>([
    ["nothing has been deployed", () => "", ""],
    ["an older commit has been deployed", ([older]) => `7 ${older}\\n`, "success\\n"],
    ["this commit has been deployed", ([, commit]) => `7 ${commit}\\n`, "success\\n"],
    ["a newer commit has been rolled back", ([, , newer]) => `7 ${newer}\\n`, "failure\\n"],
    ["no branch has the other commit", () => `7 ${"1".repeat(40)}\\n`, "success\\n"],
  ])("deploys if %s", async (_, deployments, states) => {
    await using copy = await repository(deployments, states);
    expect(copy.decide()).toEqual({ status: 0, stdout: "deploy=true\n" });
  });

  test.each<[string, (commits: readonly string[]) => string, string]>([
    ["for the deployments", () => "", "acme/other"],
    ["for the states of one", ([, , newer]) => `8 ${newer}\\n`, "acme/shop"],
  ])("fails, and decides nothing, if GitHub does not answer %s", async (_, deployments, name) => {
    await using copy = await repository(deployments, "");
    const { status, stdout } = copy.decide({ GITHUB_REPOSITORY: name });
    expect([status, stdout]).toEqual([1, ""]);
  });
});

describe("the tests on a cluster", () => {
  /** Runs a script with a kubectl for which these namespaces exist. @returns what kubectl has been asked */
  async function calls(script: string, args: readonly string[], existing: readonly string[]) {
    await using folder = temporaryFolder();
    const log = join(folder.path, "calls");
    const refused = existing.map((name) => `*"create namespace ${name}") exit 1 ;;`).join(" ");
    // Ends the script after it has created its namespaces.
    const other = "*label* | *get*) exit 1 ;;";
    await stub(
      folder.path,
      "kubectl",
      `echo "$*" >> ${log}; case "$*" in ${refused} ${other} esac`,
    );
    await stub(folder.path, "bun", "exit 1");
    await stub(folder.path, "kind", "");
    const PATH = await stub(folder.path, "docker", "");
    const { status } = run(join(scripts, script), { PATH, IMAGES: "loaded" }, args);
    expect(status).not.toBe(0);
    const lines = (await Bun.file(log).text()).split("\n");
    return lines.filter((line) => line.includes("delete namespace"));
  }

  const image = `registry.invalid/user-service@${digest}`;
  const cases: [script: string, args: readonly string[], namespaces: readonly string[]][] = [
    ["e2e-deploy.sh", [image, image, image], ["platform-e2e-deploy"]],
    ["e2e-kind.sh", ["platform"], ["ingress-nginx", "platform-e2e"]],
  ];

  test.each(cases)("%s deletes the namespaces that it has created", async (script, args, names) => {
    const deleted = await calls(script, args, []);
    for (const name of names) expect(deleted.join("\n")).toContain(name);
  });

  test.each(
    cases.flatMap(([script, args, names]) => names.map((name) => [script, name, args] as const)),
  )("%s leaves a namespace %s that was there before", async (script, name, args) => {
    expect((await calls(script, args, [name])).join("\n")).not.toContain(` ${name} `);
  });
});
