// `bun run release VERSION`: writes a new version into every file that names it, and commits nothing.
import { $, semver } from "bun";
import { readArguments, refuse } from "./arguments.ts";

const usage = `Usage: bun run release VERSION

  VERSION  a semantic version, newer than the present one, without "v": 1.2.0 or 1.2.0-rc.1
`;

/** https://semver.org without build metadata, which image tags cannot hold. */
const semanticVersion =
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?$/;

/** The text before a version: in package.json and bun.lock, Dockerfiles, manifests, image names. */
const before =
  /"version": "|image\.version="|app\.kubernetes\.io\/version: |ghcr\.io\/example\/[^:\s]+:/;

/** bench/ has a lockfile with versions of packages, and the changelog has those of older releases. */
const where = [":!bench", ":!CHANGELOG.md"];

const unreleased = "## [Unreleased]";

const { positionals } = readArguments(usage, { allowPositionals: true });
const [version = "", ...others] = positionals;
if (version === "" || others.length > 0) refuse("Name one version", usage);
if (!semanticVersion.test(version)) refuse(`"${version}" is not a semantic version`, usage);

const { version: present } = (await Bun.file("package.json").json()) as { version: string };
if (semver.order(version, present) !== 1) refuse(`${version} is not newer than ${present}`, usage);

const changes = await $`git status --porcelain`.text();
if (changes !== "") {
  refuse(`Commit these changes first, or drop them:\n${changes.trimEnd()}`, usage);
}

const changelog = await Bun.file("CHANGELOG.md").text();
if (!changelog.includes(`${unreleased}\n`)) {
  refuse(`Cannot find the heading "${unreleased}" in CHANGELOG.md`, usage);
}

const stated = new RegExp(`(?<=${before.source})${RegExp.escape(present)}(?![\\w.-])`, "g");
const files = await $`git grep --files-with-matches --fixed-strings ${present} -- ${where}`.text();
for (const file of files.trim().split("\n")) {
  const text = await Bun.file(file).text();
  const replaced = text.replace(stated, version);
  if (replaced === text) continue;
  await Bun.write(file, replaced);
  console.log(file);
}

const today = new Date().toISOString().slice(0, 10);
const heading = `${unreleased}\n\n## [${version}] - ${today}\n`;
await Bun.write("CHANGELOG.md", changelog.replace(`${unreleased}\n`, heading));
console.log("CHANGELOG.md");

const left = await $`git grep --line-number --fixed-strings ${present} -- ${where}`
  .nothrow()
  .text();
console.log(`
${present} → ${version}. ${left === "" ? "" : `Still there, to be looked at:\n${left}`}
Next:

  git diff
  bun run check && bun run test
  git commit --all --message "release: ${version}"
  git tag --annotate v${version} --message v${version}
  git push --follow-tags     # the tag publishes the images
`);
