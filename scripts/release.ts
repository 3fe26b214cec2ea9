// `bun run release VERSION`: makes the commit and the tag of a release, and pushes neither.
import { $ } from "bun";
import { readArguments, refuse } from "./arguments.ts";
import {
  changeLines,
  changesSinceCheckout,
  currentDocument,
  documentText,
  isBreaking,
  neededVersion,
  publishedPath,
} from "./release/api/published.ts";
import { isEmpty, saysBreaking, unreleasedChanges, withRelease } from "./release/changelog.ts";
import { isNewer, isPrerelease, isVersion, mayBreak, nextBreaking } from "./release/version.ts";
import { services } from "./services.ts";

const usage = `Usage: bun run release VERSION

  VERSION  a semantic version, newer than the present one, without "v": 1.2.0 or 1.2.0-rc.1
`;

/** The text before a version: in package.json and bun.lock, Dockerfiles, manifests, image names, git tags. */
const before =
  /"version": "|image\.version="|app\.kubernetes\.io\/version: |ghcr\.io\/example\/[^:\s]+:|(?:targetRevision|tag): v/;

/** Other lockfiles, the changelog, released API documents and tests have versions of their own. */
const where = [":!bench", ":!*/bun.lock", ":!CHANGELOG.md", ":!docs/openapi", ":!*/test/*"];

const { positionals } = readArguments(usage, { allowPositionals: true });
const [version = "", ...others] = positionals;
if (version === "" || others.length > 0) refuse("Name one version", usage);
if (!isVersion(version)) refuse(`"${version}" is not a semantic version`, usage);

const { version: present } = (await Bun.file("package.json").json()) as { version: string };
if (!isNewer(version, present)) refuse(`${version} is not newer than ${present}`, usage);

const tag = `v${version}`;
if ((await $`git tag --list ${tag}`.text()) !== "") {
  refuse(`The tag ${tag} exists already: a version is released once. Name the next one`, usage);
}
const branch = (await $`git branch --show-current`.text()).trim();
if (branch !== "main") {
  const here = branch === "" ? "a commit without a branch is checked out" : `this is ${branch}`;
  refuse(`A release is made of main, and ${here}. Merge, then: git switch main`, usage);
}
const changes = await $`git status --porcelain`.text();
if (changes !== "") {
  refuse(`Commit these changes first, or drop them:\n${changes.trimEnd()}`, usage);
}

const changelog = await Bun.file("CHANGELOG.md").text();
const section = unreleasedChanges(changelog);
if (section === undefined) {
  refuse('Cannot find the heading "## [Unreleased]" in CHANGELOG.md', usage);
}
if (isEmpty(section)) {
  refuse('CHANGELOG.md lists no change under "## [Unreleased]": write there what changed', usage);
}

const api = await changesSinceCheckout();
for (const line of changeLines(api)) console.log(line);
const needed = neededVersion(api, version);
if (needed !== undefined) {
  refuse(`${version} says that no client breaks, and the API breaks some. Name ${needed}`, usage);
}
if (isBreaking(api) && !saysBreaking(section)) {
  refuse(
    'Write under "## [Unreleased]" what clients have to do, with the word **breaking**',
    usage,
  );
}
const last = api[0]?.since;
if (last !== undefined && saysBreaking(section) && !mayBreak(version, last)) {
  refuse(
    `CHANGELOG.md has a **breaking** change since ${last}, and ${version} says that there is none. ` +
      `Name ${nextBreaking(last)}`,
    usage,
  );
}

const stated = new RegExp(`(?<=${before.source})${RegExp.escape(present)}(?![\\w.-])`, "g");
const files = await $`git grep --files-with-matches --fixed-strings ${present} -- ${where}`.text();
for (const file of files.trim().split("\n")) {
  const text = await Bun.file(file).text();
  const replaced = text.replace(stated, version);
  if (replaced !== text) await Bun.write(file, replaced);
}
// A pre-release promises nothing to clients, and its changes are still to be released.
if (!isPrerelease(version)) {
  const today = new Date().toISOString().slice(0, 10);
  await Bun.write("CHANGELOG.md", withRelease(changelog, version, today));
  for (const { name } of services) {
    await Bun.write(publishedPath(name), documentText(currentDocument(name, version)));
  }
}

// A full stop may follow, as long as it does not begin another number of the version.
const whole = `(?<![0-9.])${RegExp.escape(present)}(?!\\.?[0-9])`;
// bun.lock has packages with that version.
const left = await $`git grep --line-number --perl-regexp ${whole} -- ${where} ${":!bun.lock"}`
  .nothrow()
  .text();
const head = (await $`git rev-parse HEAD`.text()).trim();
await $`git add --all`;
const isDone =
  (await $`git commit --quiet --message ${`release: ${version}`}`.nothrow()).exitCode === 0 &&
  (await $`git tag --annotate ${tag} --message ${tag}`.nothrow()).exitCode === 0;
if (!isDone) {
  console.error(`\ngit says above why it made no commit or no tag. To undo the changes:

  git reset --hard ${head}`);
  process.exit(1);
}
console.log(await $`git show --stat --format=%s%d HEAD`.text());
if (left !== "") {
  console.log(`${present} still stands here. What should say ${version} goes into the same commit:
${left}
  git commit --all --amend --no-edit && git tag --force --annotate ${tag} --message ${tag}
`);
}
console.log(`Nothing is pushed. Publish it, which happens once the tests of main have passed, or undo it:

  git push --atomic origin main ${tag}
  git tag --delete ${tag} && git reset --hard ${head.slice(0, 12)}
`);
