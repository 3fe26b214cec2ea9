// `bun run release:build`: makes every file of a release in dist/release, and its text beside it.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import type { ServiceImage } from "../kustomization.ts";
import { services } from "../services.ts";
import { currentDocument, documentText } from "./api/published.ts";
import { packArchive } from "./archive.ts";
import { changesOf } from "./changelog.ts";
import { fileNames, folder, imagesFile, notesFile, writeSums } from "./files.ts";
import { renderManifests } from "./manifests.ts";
import { connectRegistry, imageName } from "./registry.ts";
import { ReleaseError, headCommit, runStep, tag, variable, version } from "./repository.ts";
import { targets } from "../targets.ts";

/** The images that CI/CD has published for a commit of main. */
async function testedImages(commit: string): Promise<readonly ServiceImage[]> {
  const images: ServiceImage[] = [];
  for (const { name: service } of services) {
    const name = imageName(service);
    const manifest = await (await connectRegistry(service, "read")).find(`sha-${commit}`);
    if (manifest === undefined) {
      throw new ReleaseError(
        `CI/CD has published no image ${name}:sha-${commit}. ` +
          "Push the commit to main, and wait until CI/CD has passed",
      );
    }
    images.push({ service, name, digest: manifest.digest });
  }
  return images;
}

/** Compiles a service for a target into an archive that is the same wherever it was made. */
async function packExecutable(service: string, target: string, commit: string): Promise<void> {
  await using scratch = temporaryFolder();
  const build = $`${process.execPath} scripts/build.ts ${service} --target ${target} --outdir ${scratch.path}`;
  await build.env({ ...process.env, BUILD_COMMIT: commit });
  await $`cp LICENSE ${scratch.path}`;
  await packArchive(join(folder, `${service}-${target}.tar.gz`), {
    folder: scratch.path,
    files: ["LICENSE", service],
    time: Number(await $`git show --no-patch --format=%ct HEAD`.text()),
  });
}

function notes(changes: string, images: readonly ServiceImage[]): string {
  const page = `https://github.com/${variable("GITHUB_REPOSITORY")}/blob/${tag}/docs/releases.md`;
  const list = images.map(({ name, digest }) => `${name}:${version}\n${name}@${digest}\n`);
  return `${changes}

## Images

\`\`\`text
${list.join("")}\`\`\`

[Verify what you downloaded](${page}#verify-what-you-downloaded)
`;
}

await runStep(async () => {
  const commit = await headCommit();
  const images = await testedImages(commit);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  for (const { name } of services) {
    for (const target of targets) await packExecutable(name, target, commit);
    const sbom = (format: string, extension: string) => {
      const file = join(folder, `${name}.${extension}.json`);
      return $`${process.execPath} scripts/sbom.ts ${name} --format ${format} --out ${file}`;
    };
    await sbom("cyclonedx", "cdx");
    await sbom("spdx", "spdx");
    const document = documentText(currentDocument(name, version));
    await Bun.write(join(folder, `${name}.openapi.json`), document);
  }
  for (const [name, text] of await renderManifests(images)) {
    await Bun.write(join(folder, `kubernetes-${name}.yaml`), text);
  }
  await Bun.write(imagesFile, images.map(({ name, digest }) => `${name}@${digest}\n`).join(""));
  await writeSums();
  const changes = changesOf(await Bun.file("CHANGELOG.md").text(), version) ?? "";
  await Bun.write(notesFile, notes(changes, images));

  for (const name of await fileNames()) {
    const kilobytes = (Bun.file(join(folder, name)).size / 1e3).toFixed(1);
    console.log(`${kilobytes.padStart(8)} kB  ${name}`);
  }
});
