// `bun run release:check`: whether the tag that GitHub runs this for may be released.
import { $ } from "bun";
import {
  changeLines,
  changesSinceRelease,
  currentDocument,
  documentText,
  neededVersion,
  publishedPath,
} from "./api/published.ts";
import { changesOf, isEmpty } from "./changelog.ts";
import { waitForCi } from "./ci.ts";
import { connectGitHub } from "./github.ts";
import {
  ReleaseError,
  headCommit,
  runStep,
  tag,
  taggedVersions,
  variable,
  version,
} from "./repository.ts";
import { services } from "../services.ts";
import { isNewer, isPrerelease } from "./version.ts";

const anew = "Delete the tag and make it by bun run release";

async function checkFiles(): Promise<void> {
  const name = variable("GITHUB_REF_NAME");
  if (name !== tag) {
    throw new ReleaseError(`The tag is ${name}, and package.json has ${version}. ${anew}`);
  }
  const section = changesOf(await Bun.file("CHANGELOG.md").text(), version);
  if (section === undefined || isEmpty(section)) {
    throw new ReleaseError(`CHANGELOG.md does not say what changed in ${version}. ${anew}`);
  }
  if (isPrerelease(version)) return;
  for (const service of services) {
    const path = publishedPath(service.name);
    const file = Bun.file(path);
    const expected = documentText(currentDocument(service.name, version));
    if ((await file.exists()) && (await file.text()) === expected) continue;
    throw new ReleaseError(`${path} is not the API document of ${version}. ${anew}`);
  }
}

/** Compares with the tag before this one, whatever the commit of this one says. */
async function checkApi(): Promise<void> {
  const older = (await taggedVersions()).filter(
    (other) => !isPrerelease(other) && isNewer(version, other),
  );
  const last = older.toSorted((a, b) => (isNewer(a, b) ? 1 : -1)).at(-1);
  if (last === undefined) return console.log("No release before this one to compare the API with");
  const changes = await changesSinceRelease(async (path) => {
    const shown = await $`git show ${`v${last}:${path}`}`.quiet().nothrow();
    return shown.exitCode === 0 ? shown.stdout.toString() : undefined;
  });
  for (const line of changeLines(changes)) console.log(line);
  const needed = neededVersion(changes, version);
  if (needed === undefined) return;
  throw new ReleaseError(
    `${version} breaks clients of ${last} without saying so. Delete the tag, and release ${needed}`,
  );
}

await runStep(async () => {
  await checkFiles();
  await checkApi();
  const github = connectGitHub();
  const published = await github.findRelease(tag);
  if (published?.draft === false) {
    throw new ReleaseError(
      `${tag} is released, and a release is never changed: ${published.html_url}\n` +
        "Release the next version",
    );
  }
  const commit = await headCommit();
  console.log(`Waiting until CI/CD has passed for ${commit}`);
  await waitForCi(
    () => github.ciRun(commit),
    () => Bun.sleep(20_000),
  );
  console.log(`${tag} may be released`);
});
