// download(), with a registry of the test's own.
import { expect, test } from "bun:test";
import { join } from "node:path";

const version = "1.0.0";
const name = "package-of-a-test";
const integrityOf = (text: string) =>
  `sha512-${new Bun.CryptoHasher("sha512").update(text).digest("base64")}`;

/** Runs download() in a process of its own, which alone reads NPM_CONFIG_REGISTRY. */
async function download(integrity: string) {
  const registry = ({ url }: Request) => {
    const tarball = new URL("/archive", url).href;
    if (url === tarball) return new Response("the archive");
    return Response.json({ name, versions: { [version]: { name, version, dist: { tarball } } } });
  };
  using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: registry });
  const code = `
    import { download } from ${JSON.stringify(join(import.meta.dir, "npm-archive.ts"))};
    await download(${JSON.stringify({ name, version, integrity })});`;
  const child = Bun.spawn([process.execPath, "--eval", code], {
    env: { ...process.env, NPM_CONFIG_REGISTRY: server.url.href },
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  return { status: await child.exited, stderr };
}

test("download() takes the archive that has the hash", async () => {
  expect(await download(integrityOf("the archive"))).toEqual({ status: 0, stderr: "" });
});

test("download() refuses an archive with another hash", async () => {
  const { status, stderr } = await download(integrityOf("another archive"));
  expect(stderr).toContain(`Cannot use ${name}@${version}: its hash is sha512-`);
  expect(status).toBe(1);
});
