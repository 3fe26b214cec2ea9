// Archives of npm packages that tests read, and that cannot be dependencies: what they depend on is large.
import { $ } from "bun";

/** A version of a package. */
export interface NpmArchive {
  readonly name: string;
  readonly version: string;
  /** The hash of the archive as the registry's clients write it: `sha512-` and base64. */
  readonly integrity: string;
}

/** Downloads an archive. @throws Error if it is another one than the hash says */
export async function download({ name, version, integrity }: NpmArchive): Promise<Bun.Archive> {
  const url = await $`${process.execPath} info ${name}@${version} dist.tarball`.quiet().text();
  const bytes = await (await fetch(url.trim())).bytes();
  const found = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
  if (found !== integrity) throw new Error(`Cannot use ${name}@${version}: its hash is ${found}`);
  return new Bun.Archive(bytes);
}
