// The steps of the Release workflow, with a GitHub and a registry of the test's own.
import { describe, expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { YAML } from "bun";
import { kubectl } from "../../k8s/test/kubectl.ts";
import { rejectionOf } from "../../shared/testing/rejection-of.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { currentDocument, documentText } from "../release/api/published.ts";
import { waitForCi } from "../release/ci.ts";
import { renderManifests } from "../release/manifests.ts";
import { imageTags, mayBreak } from "../release/version.ts";
import { root } from "../root.ts";
import { serviceNames } from "../services.ts";
import { startFakeGitHub } from "./fake-github.ts";
import { gitRepository } from "./git-repository.ts";

/** A repository as `bun run release` leaves it, with a tag. */
async function released(version: string, { changes = "- A change" } = {}) {
  const repository = await gitRepository();
  const { write, git, commit } = repository;
  const release = async (version: string, changes: string) => {
    await write("package.json", JSON.stringify({ version }));
    await write("CHANGELOG.md", `## [Unreleased]\n\n## [${version}] - 2026-01-31\n\n${changes}\n`);
    for (const name of serviceNames) {
      await write(`docs/openapi/${name}.json`, documentText(currentDocument(name, version)));
    }
  };
  const tag = async (name: string) => {
    await commit();
    await git("tag", name);
  };
  await release(version, changes);
  return { ...repository, release, tag };
}

/** Runs a step of the workflow in a repository. */
async function step(name: string, cwd: string, env: Record<string, string>) {
  const child = Bun.spawn([process.execPath, join(root, `scripts/release/${name}.ts`)], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { status: await child.exited, stdout, stderr };
}

describe("bun run release:check", () => {
  const passed = { status: "completed", conclusion: "success", html_url: "https://ci/1" };

  test("passes a tag that is as bun run release makes it, once CI/CD has passed", async () => {
    await using github = startFakeGitHub();
    await using repository = await released("1.2.0");
    await repository.tag("v1.2.0");
    github.runs.push(passed);
    const env = { ...github.env, GITHUB_REF_NAME: "v1.2.0" };
    const { status, stdout, stderr } = await step("check", repository.path, env);
    expect(stderr).toBe("");
    expect(stdout).toContain("No release before this one to compare the API with\n");
    expect(stdout).toEndWith("v1.2.0 may be released\n");
    expect(status).toBe(0);
  });

  type Repository = Awaited<ReturnType<typeof released>>;
  test.each<[name: string, change: (repository: Repository) => unknown, reason: string]>([
    [
      "of another version than package.json",
      ({ write }) => write("package.json", '{"version": "1.1.0"}'),
      "The tag is v1.2.0, and package.json has 1.1.0. Delete the tag",
    ],
    [
      "whose changes no section lists",
      ({ write }) => write("CHANGELOG.md", "## [Unreleased]\n\n- A change\n"),
      "CHANGELOG.md does not say what changed in 1.2.0. Delete the tag",
    ],
    [
      "whose API documents are of another source",
      ({ write }) => write("docs/openapi/user-service.json", "{}"),
      "docs/openapi/user-service.json is not the API document of 1.2.0. Delete the tag",
    ],
  ])("refuses a tag %s", async (_, change, reason) => {
    await using github = startFakeGitHub();
    await using repository = await released("1.2.0");
    await change(repository);
    await repository.tag("v1.2.0");
    github.runs.push(passed);
    const env = { ...github.env, GITHUB_REF_NAME: "v1.2.0" };
    const { status, stderr } = await step("check", repository.path, env);
    expect(stderr).toStartWith(reason);
    expect(status).toBe(1);
  });

  test("refuses a version that hides what breaks clients of the tag before it", async () => {
    await using github = startFakeGitHub();
    await using repository = await released("1.1.0");
    const document = currentDocument("user-service", "1.1.0");
    const paths = { ...document.paths, "/people": { get: { responses: {} } } };
    await repository.write(
      "docs/openapi/user-service.json",
      JSON.stringify({ ...document, paths }),
    );
    await repository.tag("v1.1.0");
    await repository.release("1.2.0", "- A change");
    await repository.tag("v1.2.0");
    github.runs.push(passed);
    const env = { ...github.env, GITHUB_REF_NAME: "v1.2.0" };
    const { status, stdout, stderr } = await step("check", repository.path, env);
    expect(stdout).toContain("  BREAKS  GET /people was removed: clients get 404 or 405\n");
    expect(stderr).toBe(
      "1.2.0 breaks clients of 1.1.0 without saying so. Delete the tag, and release 2.0.0\n",
    );
    expect(status).toBe(1);
  });

  test("refuses a version that is released, and one whose CI/CD failed", async () => {
    await using github = startFakeGitHub();
    await using repository = await released("1.2.0");
    await repository.tag("v1.2.0");
    github.runs.push({ ...passed, conclusion: "failure" });
    const env = { ...github.env, GITHUB_REF_NAME: "v1.2.0" };
    const failed = await step("check", repository.path, env);
    expect(failed.stderr).toStartWith(
      "CI/CD did not pass for this commit (failure): https://ci/1\n",
    );
    expect(failed.status).toBe(1);

    const release = { id: 1, tag_name: "v1.2.0", name: "", body: "", prerelease: false, files: {} };
    github.releases.push({ ...release, draft: false });
    const again = await step("check", repository.path, env);
    expect(again.stderr).toStartWith("v1.2.0 is released, and a release is never changed: ");
    expect(again.status).toBe(1);
  });

  test("waits for a run that has not begun or not ended", async () => {
    const answers = [undefined, { ...passed, status: "queued", conclusion: null }, passed];
    let pauses = 0;
    await waitForCi(
      async () => answers[pauses],
      async () => void (pauses += 1),
    );
    expect(pauses).toBe(2);
  });

  test("ends the wait for a commit that was not pushed to main", async () => {
    const waiting = waitForCi(
      async () => undefined,
      async () => {},
    );
    expect(await rejectionOf(waiting)).toMatchObject({
      message: expect.stringContaining("Push the commit to main"),
    });
  });
});

describe.skipIf(kubectl === undefined)("the manifests of a release", () => {
  const digest = `sha256:${"1".repeat(64)}`;
  const images = serviceNames.map((service) => ({
    service,
    name: `ghcr.io/acme/${service}`,
    digest,
  }));
  const render = (folder: string, given = images) =>
    renderManifests(given, { root: folder, kubectl: kubectl ?? "" });

  /** A copy of k8s/, with a file more or another one. */
  async function changed(path: string, content: string) {
    const folder = temporaryFolder();
    await cp(join(root, "k8s"), join(folder.path, "k8s"), { recursive: true });
    await Bun.write(join(folder.path, path), content);
    return folder;
  }

  test("run the released images by digest, and no placeholder", async () => {
    const rendered = await render(root);
    for (const text of rendered.values()) {
      expect(text).not.toContain("ghcr.io/example");
      for (const { name } of images) expect(text).toContain(`image: ${name}@${digest}\n`);
    }
  });

  test("are those of the platform, and never an overlay of an owner with hosts and secrets", async () => {
    const own = JSON.stringify({ resources: ["../../user-service", "../../order-service"] });
    await using folder = await changed("k8s/overlays/production/kustomization.yaml", own);
    expect([...(await render(folder.path)).keys()]).toEqual(["sqlite", "postgres"]);
  });

  test("are refused with a placeholder whose image is not given", async () => {
    expect(await rejectionOf(render(root, []))).toMatchObject({
      message: expect.stringContaining("k8s has ghcr.io/example/"),
    });
  });

  test("are refused with an image of a service that CI/CD has not tested", async () => {
    const path = "k8s/kustomization.yaml";
    const base = YAML.parse(await Bun.file(join(root, path)).text()) as object;
    const [name] = serviceNames;
    const own = [
      { name: `ghcr.io/example/${name}`, newName: `ghcr.io/other/${name}`, newTag: "1" },
    ];
    await using folder = await changed(path, JSON.stringify({ ...base, images: own }));
    expect(await rejectionOf(render(folder.path))).toMatchObject({
      message: expect.stringContaining(`k8s has ghcr.io/other/${name}:1`),
    });
  });
});

describe("bun run release:publish", () => {
  /** A repository with the files that `bun run release:build` leaves. */
  async function built(github: ReturnType<typeof startFakeGitHub>, version = "1.2.0") {
    const repository = await released(version);
    await repository.tag(`v${version}`);
    const host = new URL(github.env.REGISTRY_URL).host;
    const digests = serviceNames.map((name) => github.push(name, "sha-1"));
    const images = serviceNames
      .map((name, i) => `${host}/acme/shop/${name}@${digests[i]}\n`)
      .join("");
    const files: Record<string, string> = { "images.txt": images, "user-service.tar.gz": "bytes" };
    const sums = Object.entries(files).map(([name, text]) => {
      return `${new Bun.CryptoHasher("sha256").update(text).digest("hex")}  ${name}\n`;
    });
    files["SHA256SUMS"] = sums.join("");
    for (const [name, text] of Object.entries(files)) {
      await repository.write(`dist/release/${name}`, text);
    }
    await repository.write("dist/release.md", "- A change\n");
    return { ...repository, digests, files: Object.keys(files).toSorted() };
  }

  test("uploads every file to a draft, names the tested images, and then publishes", async () => {
    await using github = startFakeGitHub();
    await using repository = await built(github);
    const { status, stdout, stderr } = await step("publish", repository.path, github.env);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).not.toContain("::warning::");
    expect(github.releases).toMatchObject([
      {
        tag_name: "v1.2.0",
        body: "- A change\n",
        draft: false,
        prerelease: false,
        make_latest: "true",
      },
    ]);
    expect(Object.keys(github.releases[0]?.files ?? {}).toSorted()).toEqual(repository.files);
    for (const [index, name] of serviceNames.entries()) {
      const digest = repository.digests[index] ?? "";
      expect(github.tags(name)).toEqual({
        "sha-1": digest,
        "1.2.0": digest,
        "1.2": digest,
        latest: digest,
      });
    }
    expect(github.writes[0]).toBe("POST /releases");
    expect(github.writes.at(-1)).toBe("PATCH /releases/1");
  });

  test("gives a pre-release its own tag alone, and leaves latest where it is", async () => {
    await using github = startFakeGitHub();
    await using repository = await built(github, "1.2.0-rc.1");
    expect((await step("publish", repository.path, github.env)).status).toBe(0);
    expect(github.releases).toMatchObject([{ prerelease: true, make_latest: "false" }]);
    for (const name of serviceNames) {
      expect(Object.keys(github.tags(name)).toSorted()).toEqual(["1.2.0-rc.1", "sha-1"]);
    }
  });

  test("starts anew after a run that failed, and never changes what is published", async () => {
    await using github = startFakeGitHub();
    await using repository = await built(github);
    const left = { id: 7, tag_name: "v1.2.0", name: "", body: "", prerelease: false, files: {} };
    github.releases.push({ ...left, draft: true });
    expect((await step("publish", repository.path, github.env)).status).toBe(0);
    expect(github.releases).toMatchObject([{ body: "- A change\n", draft: false }]);

    const before = github.writes.length;
    const again = await step("publish", repository.path, github.env);
    expect(again.stderr).toBe(
      "v1.2.0 is released, and a release is never changed. Release the next version\n",
    );
    expect(again.status).toBe(1);
    expect(github.writes).toHaveLength(before);
  });

  test("refuses a version that names another image already", async () => {
    await using github = startFakeGitHub();
    await using repository = await built(github);
    const other = github.push(serviceNames[0] ?? "", "1.2.0", "{}");
    const { status, stderr } = await step("publish", repository.path, github.env);
    expect(stderr).toContain(`/user-service:1.2.0 is another image, ${other}, and a version never`);
    expect(status).toBe(1);
    expect(github.releases).toMatchObject([{ draft: true }]);
    expect(github.tags(serviceNames[0] ?? "")).not.toHaveProperty("latest");
  });

  test("refuses files that are not those of SHA256SUMS", async () => {
    await using github = startFakeGitHub();
    await using repository = await built(github);
    await repository.write("dist/release/user-service.tar.gz", "other bytes");
    const { status, stderr } = await step("publish", repository.path, github.env);
    expect(stderr).toBe(
      "dist/release is not what SHA256SUMS lists. Make it anew: bun run release:build\n",
    );
    expect(status).toBe(1);
    expect(github.writes).toEqual([]);
  });

  test("says how the files are made if there are none", async () => {
    await using github = startFakeGitHub();
    await using repository = await released("1.2.0");
    const { status, stderr } = await step("publish", repository.path, github.env);
    expect(stderr).toBe("There is no dist/release/SHA256SUMS: bun run release:build makes it\n");
    expect(status).toBe(1);
  });

  test("publishes nothing if GitHub received other bytes", async () => {
    await using github = startFakeGitHub({ damages: true });
    await using repository = await built(github);
    const { status, stderr } = await step("publish", repository.path, github.env);
    expect(stderr).toMatch(/^GitHub received images.txt with sha256:/);
    expect(status).toBe(1);
    expect(github.releases).toMatchObject([{ draft: true }]);
    expect(Object.keys(github.tags(serviceNames[0] ?? ""))).toEqual(["sha-1"]);
  });

  test("says what is missing: attestations, and the setting that makes a release immutable", async () => {
    await using github = startFakeGitHub({ immutable: false });
    await using repository = await built(github);
    const env = { ...github.env, ATTESTED: "false" };
    const { status, stdout } = await step("publish", repository.path, env);
    expect(status).toBe(0);
    expect(stdout).toContain("::warning::GitHub attests no files of a private repository");
    expect(stdout).toContain("::warning::This release can still be changed.");
    expect(github.releases[0]?.body).toContain("SHA256SUMS alone proves");
  });
});

test("bun run release:build builds nothing for a commit whose images were not published", async () => {
  await using github = startFakeGitHub();
  await using repository = await released("1.2.0");
  await repository.tag("v1.2.0");
  const { status, stderr } = await step("build", repository.path, github.env);
  expect(stderr).toMatch(/^CI\/CD has published no image \S+\/acme\/shop\/user-service:sha-/);
  expect(status).toBe(1);
});

describe("imageTags()", () => {
  test.each<[version: string, others: string[], tags: string[]]>([
    ["1.2.0", [], ["1.2.0", "1.2", "latest"]],
    ["1.2.0", ["1.1.9", "1.2.0", "1.3.0-rc.1"], ["1.2.0", "1.2", "latest"]],
    ["1.2.1", ["1.3.0"], ["1.2.1", "1.2"]],
    ["1.2.1", ["1.2.10", "1.3.0"], ["1.2.1"]],
    ["1.2.0-rc.1", [], ["1.2.0-rc.1"]],
  ])("of %s beside %j are %j", (version, others, tags) => {
    expect(imageTags(version, others)).toEqual(tags);
  });
});

describe("mayBreak()", () => {
  test.each<[version: string, older: string, isAllowed: boolean]>([
    ["2.0.0", "1.9.9", true],
    ["2.0.0-rc.1", "1.9.9", true],
    ["1.10.0", "1.9.9", false],
    ["1.9.10", "1.9.9", false],
    ["0.2.0", "0.1.9", true],
    ["0.1.10", "0.1.9", false],
    ["1.0.0", "0.9.0", true],
  ])("%s after %s: %p", (version, older, isAllowed) => {
    expect(mayBreak(version, older)).toBe(isAllowed);
  });
});
