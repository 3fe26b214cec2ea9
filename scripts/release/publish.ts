// `bun run release:publish`: names the tested images by the version, and publishes the release, once.
import { join } from "node:path";
import { services } from "../services.ts";
import { fileNames, folder, imagesFile, notesFile, readSums } from "./files.ts";
import { connectGitHub } from "./github.ts";
import { connectRegistry, imageName } from "./registry.ts";
import { ReleaseError, runStep, tag, taggedVersions, variable, version } from "./repository.ts";
import { imageTags, isPrerelease } from "./version.ts";

/** Gives the digest of each line of images.txt the tags of the release. */
async function promoteImages(tags: readonly string[]): Promise<void> {
  const lines = (await Bun.file(imagesFile).text()).split("\n");
  for (const { name: service } of services) {
    const prefix = `${imageName(service)}@`;
    const digest = lines.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? "";
    const registry = await connectRegistry(service, "write");
    const tested = await registry.find(digest);
    if (tested === undefined)
      throw new ReleaseError(
        `There is no image ${prefix}${digest}. Make dist/release anew: bun run release:build`,
      );
    const present = await registry.find(version);
    if (present !== undefined && present.digest !== digest) {
      throw new ReleaseError(
        `${imageName(service)}:${version} is another image, ${present.digest}, and a version ` +
          "never changes. Release the next version",
      );
    }
    for (const name of tags) {
      await registry.tag(tested, name);
      console.log(`${imageName(service)}:${name} is ${digest}`);
    }
  }
}

/** The text of the release; it says so if GitHub could not attest the files. */
async function releaseText(): Promise<string> {
  const text = await Bun.file(notesFile).text();
  if (variable("ATTESTED") === "true") return text;
  const missing = "GitHub attests no files of a private repository on this plan";
  console.log(`::warning::${missing}: gh attestation verify will find nothing`);
  return `${text}\n${missing}: SHA256SUMS alone proves that a download is complete.\n`;
}

await runStep(async () => {
  const sums = await readSums();
  const github = connectGitHub();
  const present = await github.findRelease(tag);
  if (present?.draft === false) {
    throw new ReleaseError(
      `${tag} is released, and a release is never changed. Release the next version`,
    );
  }
  // A run that failed has left it.
  if (present !== undefined) await github.deleteDraft(present);

  const draft = await github.createDraft({
    tag_name: tag,
    name: tag,
    body: await releaseText(),
    prerelease: isPrerelease(version),
  });
  for (const name of await fileNames()) {
    const digest = await github.upload(draft, name, Bun.file(join(folder, name)));
    const expected = sums.get(name);
    if (digest !== undefined && expected !== undefined && digest !== `sha256:${expected}`) {
      throw new ReleaseError(`GitHub received ${name} with ${digest}: run this job again`);
    }
    console.log(`Uploaded ${name}`);
  }
  const tags = imageTags(version, await taggedVersions());
  await promoteImages(tags);
  const release = await github.publish(draft, tags.includes("latest"));
  console.log(release.html_url);
  if (release.immutable !== true) {
    console.log(
      "::warning::This release can still be changed. Turn on Settings, General, Releases, " +
        "Enable release immutability for the next one",
    );
  }
});
