// GitHub's API and a registry of images, as far as a release asks for them.

/** A release as the fake keeps it. */
interface FakeRelease {
  id: number;
  tag_name: string;
  name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  make_latest?: string;
  /** The SHA-256 of each file by its name. */
  files: Record<string, string>;
}

const sha256 = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

function withUrls(release: FakeRelease, origin: string) {
  const upload_url = `${origin}/uploads/releases/${release.id}/assets{?name,label}`;
  return { ...release, html_url: `${origin}/releases/${release.tag_name}`, upload_url };
}

/** Starts both on one port, for a repository. `damages` loses bytes of uploads. */
export function startFakeGitHub({
  repository = "Acme/Shop",
  immutable = true,
  damages = false,
} = {}) {
  const releases: FakeRelease[] = [];
  const runs: { status: string; conclusion: string | null; html_url: string }[] = [];
  /** The manifest of each tag and digest: `acme/shop/user-service:sha-COMMIT`. */
  const manifests = new Map<string, string>();
  /** What was written, in order. */
  const writes: string[] = [];
  const api = `/repos/${repository}`;

  const server = Bun.serve({
    port: 0,
    async fetch(request) {
      const { origin, pathname, searchParams } = new URL(request.url);
      const shown = (release: FakeRelease) => withUrls(release, origin);
      const { method } = request;
      if (method !== "GET") writes.push(`${method} ${pathname.replace(api, "")}`);

      if (pathname === "/token") {
        const scope = searchParams.get("scope") ?? "";
        return Response.json({ token: scope });
      }
      const [, name = "", reference = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname) ?? [];
      if (name !== "") {
        const needed = `Bearer repository:${name}:pull${method === "PUT" ? ",push" : ""}`;
        const granted = request.headers.get("authorization") ?? "";
        if (!granted.startsWith(needed)) return new Response("denied", { status: 403 });
        const separator = reference.startsWith("sha256:") ? "@" : ":";
        const key = `${name}${separator}${reference}`;
        if (method === "PUT") {
          manifests.set(key, await request.text());
          return new Response("", { status: 201 });
        }
        const found = manifests.get(key);
        if (found === undefined) return new Response("unknown", { status: 404 });
        const type = "application/vnd.oci.image.index.v1+json";
        return new Response(found, { headers: { "content-type": type } });
      }

      if (pathname === `${api}/actions/workflows/ci-cd.yml/runs`) {
        const isAsked = searchParams.get("branch") === "main" && searchParams.get("head_sha");
        return Response.json({ workflow_runs: isAsked ? runs.slice(0, 1) : [] });
      }
      if (pathname === `${api}/releases` && method === "GET") {
        return Response.json(releases.map((release) => shown(release)));
      }
      if (pathname === `${api}/releases`) {
        const sent = (await request.json()) as Omit<FakeRelease, "id" | "files">;
        const release = { ...sent, id: releases.length + 1, files: {} };
        releases.push(release);
        return Response.json(shown(release), { status: 201 });
      }
      const [, id, kind] = /\/releases\/(\d+)(\/assets)?$/.exec(pathname) ?? [];
      const release = releases.find((one) => `${one.id}` === id);
      if (release === undefined) return Response.json({ message: "Not Found" }, { status: 404 });
      if (kind !== undefined) {
        const bytes = await request.bytes();
        const digest = sha256(damages ? bytes.subarray(1) : bytes);
        release.files[searchParams.get("name") ?? ""] = digest;
        return Response.json({ state: "uploaded", digest: `sha256:${digest}` }, { status: 201 });
      }
      if (method === "DELETE") {
        releases.splice(releases.indexOf(release), 1);
        return new Response(null, { status: 204 });
      }
      Object.assign(release, await request.json());
      return Response.json({ ...shown(release), immutable: immutable && !release.draft });
    },
  });
  const url = server.url.href.replace(/\/$/, "");

  return {
    releases,
    runs,
    writes,
    /** The tags of a service's image, with their digests. */
    tags(service: string): Record<string, string> {
      const prefix = `${repository}/${service}:`.toLowerCase();
      const named = [...manifests].filter(([key]) => key.startsWith(prefix));
      return Object.fromEntries(
        named.map(([key, text]) => [
          key.slice(prefix.length),
          `sha256:${sha256(Buffer.from(text))}`,
        ]),
      );
    },
    /** Publishes an image. @returns its digest */
    push(service: string, tag: string, text = `{"manifests":["${service}"]}`): string {
      const name = `${repository}/${service}`.toLowerCase();
      const digest = `sha256:${sha256(Buffer.from(text))}`;
      manifests.set(`${name}:${tag}`, text);
      manifests.set(`${name}@${digest}`, text);
      return digest;
    },
    /** What a step of the workflow finds in its environment. */
    env: {
      GITHUB_API_URL: url,
      GITHUB_REPOSITORY: repository,
      GITHUB_TOKEN: "token",
      REGISTRY_URL: url,
      ATTESTED: "true",
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
