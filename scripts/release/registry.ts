// A registry of images, by https://github.com/opencontainers/distribution-spec. A tag is moved by writing
// the same manifest under another name: `docker buildx imagetools create` may write another one.
import { ReleaseError, variable } from "./repository.ts";

/** The kinds of manifest that an image may have: an index of platforms, or one platform. */
const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** A manifest as the registry keeps it. */
interface Manifest {
  /** Such as `sha256:…`: the SHA-256 of its bytes. */
  readonly digest: string;
  readonly type: string;
  readonly body: Blob;
}

const registry = process.env["REGISTRY_URL"] ?? "https://ghcr.io";

/** The name of a service's image, without tag and digest. Registries refuse capital letters. */
export function imageName(service: string): string {
  return `${new URL(registry).host}/${repositoryOf(service)}`;
}

const repositoryOf = (service: string) =>
  `${variable("GITHUB_REPOSITORY")}/${service}`.toLowerCase();

/** Connects to the image of a service. @param access whether tags are written */
export async function connectRegistry(service: string, access: "read" | "write") {
  const repository = repositoryOf(service);
  const scope = `repository:${repository}:${access === "read" ? "pull" : "pull,push"}`;
  const login = Buffer.from(`token:${variable("GITHUB_TOKEN")}`).toString("base64");
  const query = new URLSearchParams({ service: new URL(registry).host, scope }).toString();
  const headers = { Authorization: `Basic ${login}` };
  const response = await fetch(`${registry}/token?${query}`, { headers });
  if (!response.ok) {
    throw new ReleaseError(`Cannot ${access} ${imageName(service)}: ${await response.text()}`);
  }
  const { token } = (await response.json()) as { token: string };

  const call = (method: string, tag: string, type: Record<string, string>, body?: Blob) => {
    const headers = { Authorization: `Bearer ${token}`, ...type };
    const url = `${registry}/v2/${repository}/manifests/${tag}`;
    return fetch(url, { method, headers, ...(body !== undefined && { body }) });
  };

  return {
    /** The manifest of a tag or digest; undefined if there is none. */
    async find(tag: string): Promise<Manifest | undefined> {
      const found = await call("GET", tag, { Accept: manifestTypes });
      if (found.status === 404) return undefined;
      if (!found.ok) {
        throw new ReleaseError(`Cannot read ${imageName(service)}:${tag}: ${await found.text()}`);
      }
      const body = await found.blob();
      const hash = new Bun.CryptoHasher("sha256").update(await body.bytes());
      const type = found.headers.get("content-type") ?? "";
      return { digest: `sha256:${hash.digest("hex")}`, type, body };
    },

    /** Names a manifest by a tag, which then names nothing else. */
    async tag({ type, body }: Manifest, tag: string): Promise<void> {
      const written = await call("PUT", tag, { "Content-Type": type }, body);
      if (written.ok) return;
      throw new ReleaseError(`Cannot write ${imageName(service)}:${tag}: ${await written.text()}`);
    },
  };
}
