// The Bun in an executable for a target: the one that scripts/runtimes/bun.lock names, and no other.
import { describe, expect, test } from "bun:test";
import { cp, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import manifest from "../../package.json" with { type: "json" };
import { rejectionOf } from "../../shared/testing/rejection-of.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import runtimes from "../runtimes/package.json" with { type: "json" };
import { installRuntime, runtimePackage } from "../runtime.ts";
import { productionClosure } from "../sbom/lockfile.ts";
import { serviceNames } from "../services.ts";
import { type Target, targets } from "../targets.ts";

const version = manifest.engines.bun;

/** The package of a target as a registry serves it, with this content in place of Bun. */
async function packRuntime(target: Target, content: string): Promise<Uint8Array<ArrayBuffer>> {
  const files = {
    "package/package.json": JSON.stringify({ name: runtimePackage(target), version }),
    "package/bin/bun": content,
  };
  return Bun.gzipSync(await new Bun.Archive(files).bytes());
}

const integrityOf = (archive: Uint8Array): string =>
  `sha512-${new Bun.CryptoHasher("sha512").update(archive).digest("base64")}`;

/** Writes a package.json and a bun.lock that name one archive for every target. */
async function pin(folder: string, archive: Uint8Array): Promise<void> {
  const names = targets.map(runtimePackage);
  const optionalDependencies = Object.fromEntries(names.map((name) => [name, version]));
  const packages = targets.map((target) => {
    const [os, cpu, libc] = target.split("-");
    const id = `${runtimePackage(target)}@${version}`;
    const platform = { os, cpu, ...(os === "linux" && { libc: libc ?? "glibc" }) };
    return [runtimePackage(target), [id, "", platform, integrityOf(archive)]];
  });
  const lockfile = {
    lockfileVersion: 2,
    configVersion: 1,
    workspaces: { "": { name: "runtimes", optionalDependencies } },
    packages: Object.fromEntries(packages),
  };
  await Bun.write(
    join(folder, "package.json"),
    JSON.stringify({ name: "runtimes", optionalDependencies }),
  );
  await Bun.write(join(folder, "bun.lock"), JSON.stringify(lockfile));
}

/** Responds to every request with this archive, or with 404, and has Bun install from there. */
async function serve(archive: Uint8Array<ArrayBuffer> | undefined, ...folders: readonly string[]) {
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      requests.push(new URL(url).pathname);
      return archive === undefined
        ? new Response("", { status: 404 })
        : new Response(new Blob([archive]));
    },
  });
  for (const folder of folders) {
    await Bun.write(join(folder, "bunfig.toml"), `[install]\nregistry = "${server.url.href}"\n`);
  }
  return { requests, [Symbol.asyncDispose]: () => server.stop(true) };
}

describe("installRuntime()", () => {
  test.each(targets)("installs the Bun of %s and of no other target", async (target) => {
    await using folder = temporaryFolder();
    const archive = await packRuntime(target, "the Bun");
    await pin(folder.path, archive);
    await using registry = await serve(archive, folder.path);
    const path = await installRuntime(target, folder.path);
    expect(await Bun.file(path).text()).toBe("the Bun");
    const name = runtimePackage(target);
    expect(registry.requests).toEqual([`/${name}/-/${name.replace("@oven/", "")}-${version}.tgz`]);
  });

  test("refuses a package that differs by one byte from the one in bun.lock", async () => {
    await using folder = temporaryFolder();
    await pin(folder.path, await packRuntime("linux-arm64", "the Bun"));
    await using _ = await serve(await packRuntime("linux-arm64", "the Bum"), folder.path);
    const error = await rejectionOf(installRuntime("linux-arm64", folder.path));
    expect(error.message).toStartWith("Cannot install @oven/bun-linux-aarch64:\n");
    expect(error.message).toContain("Integrity check failed");
    expect(await readdir(folder.path, { recursive: true })).not.toContain("bun");
  });

  test("tells that the registry does not have the package", async () => {
    await using folder = temporaryFolder();
    await pin(folder.path, await packRuntime("linux-arm64", "the Bun"));
    await using _ = await serve(undefined, folder.path);
    const error = await rejectionOf(installRuntime("linux-arm64", folder.path));
    expect(error.message).toStartWith("Cannot install @oven/bun-linux-aarch64:\n");
    expect(error.message).toEndWith(" - 404");
  });
});

describe("bun run build --target", () => {
  const [service = ""] = serviceNames;
  const machine = `${process.platform}-${process.arch}`;
  const target = targets.find((name) => name === machine) ?? targets[0];

  /** A copy of what builds a service, in which bun.lock names this archive for every target. */
  async function copyOf(archive: Uint8Array) {
    const folder = temporaryFolder();
    await cp(join(root, "package.json"), join(folder.path, "package.json"));
    for await (const path of new Bun.Glob("*.ts").scan(join(root, "scripts"))) {
      await cp(join(root, "scripts", path), join(folder.path, "scripts", path));
    }
    for (const path of ["node_modules", "shared", service]) {
      await symlink(join(root, path), join(folder.path, path));
    }
    const runtimes = join(folder.path, "scripts/runtimes");
    await pin(runtimes, archive);
    return { ...folder, runtimes };
  }

  /** Builds the service for this machine as for another one. */
  async function build(folder: string, env = {}) {
    const child = Bun.spawn(
      [process.execPath, "scripts/build.ts", service, "--target", target, "--outdir", "out"],
      { cwd: folder, env: { ...process.env, ...env }, stdout: "ignore", stderr: "pipe" },
    );
    const stderr = await child.stderr.text();
    return { status: await child.exited, stderr, executable: join(folder, "out", service) };
  }

  test("makes an executable of the Bun that is installed from bun.lock, and not of the one that builds it", async () => {
    const archive = await packRuntime(target, "the Bun");
    await using folder = await copyOf(archive);
    await using _ = await serve(archive, folder.runtimes);
    // A whole Bun in the archive would take this test many seconds.
    const installed = await installRuntime(target, folder.runtimes);
    await rm(installed);
    await cp(process.execPath, installed);
    const bun = Bun.mmap(installed);
    const help = "Learn more about Bun:";
    const otherHelp = "The Bun of this test:";
    const at = Buffer.from(bun.buffer).indexOf(help);
    bun.set(Buffer.from(otherHelp), at);

    const { status, stderr, executable } = await build(folder.path);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const built = Bun.mmap(executable);
    expect(Buffer.from(built.subarray(at, at + help.length)).toString()).toBe(otherHelp);
  });

  test("makes no executable of another Bun, nor of one that is in Bun's cache", async () => {
    const other = await packRuntime(target, "the Bum");
    await using cache = temporaryFolder();
    const env = { ...process.env, BUN_INSTALL_CACHE_DIR: cache.path };
    await using project = temporaryFolder();
    await pin(project.path, other);
    await using folder = await copyOf(await packRuntime(target, "the Bun"));
    await using _ = await serve(other, project.path, folder.runtimes);
    await $`${process.execPath} install --frozen-lockfile`.cwd(project.path).env(env).quiet();

    const { status, stderr, executable } = await build(folder.path, env);
    expect(stderr).toContain("Integrity check failed");
    expect(status).toBe(1);
    expect(await Bun.file(executable).exists()).toBe(false);
  });
});

describe("scripts/runtimes", () => {
  test("has the Bun of every target by its hash, in the version that builds", async () => {
    const names = targets.map(runtimePackage);
    const expected: Record<string, string> = Object.fromEntries(
      names.map((name) => [name, version]),
    );
    expect<Record<string, string>>(runtimes.optionalDependencies).toEqual(expected);
    const locked = await productionClosure("", join(root, "scripts/runtimes/bun.lock"));
    for (const name of names) {
      expect(locked.get(`${name}@${version}`)?.integrity).toMatch(/^sha512-[\w+/]{86}==$/);
    }
  });
});
