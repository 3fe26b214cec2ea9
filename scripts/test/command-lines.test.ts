// The scripts of package.json and those of the shell: their --help, and their messages about wrong
// arguments and surroundings.
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import { services } from "../services.ts";

/** Runs a script of package.json to its end. */
function bunRun(line: string, { cwd = root, env = {} } = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, "run", "--silent", ...line.split(" ")],
    { cwd, env: { ...process.env, ...env } },
  );
  return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const withOptions = ["dev", "dev:token", "build", "bench", "release"];

test.each(Object.keys(manifest.scripts))(
  "bun run %s --help tells what it does, how long it takes and its options, and does nothing",
  (name) => {
    const { status, stdout } = bunRun(`${name} --help`);
    expect(stdout).toMatch(new RegExp(`^bun run ${name}: [A-Z].{10,}\\.\nIt takes .{5,}\\.\n`));
    expect(stdout.includes(`\n\nUsage: bun run ${name} `)).toBe(withOptions.includes(name));
    expect(status).toBe(0);
  },
);

test.each(["dev", "test", "check", "build"])(
  "bun run %s names the Bun that it needs before that Bun's lockfile is read",
  async (name) => {
    await using folder = temporaryFolder();
    const script = Bun.file(join(root, "scripts/run.ts"));
    await Bun.write(join(folder.path, "scripts/run.ts"), script);
    const other = { ...manifest, engines: { bun: "9.8.7" } };
    await Bun.write(join(folder.path, "package.json"), JSON.stringify(other));
    await Bun.write(join(folder.path, "bun.lock"), '{ "lockfileVersion": 99 }');

    const { status, stdout, stderr } = bunRun(name, { cwd: folder.path });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toStartWith(
      `This project needs Bun 9.8.7, and this is Bun ${Bun.version}. Run instead:\n\n` +
        `  npx -y bun@9.8.7 run ${name}\n`,
    );
    expect(stderr).not.toContain("lockfile");
  },
);

test("a script whose dependencies cannot be installed says at the end what that needs", async () => {
  await using folder = temporaryFolder();
  const script = Bun.file(join(root, "scripts/run.ts"));
  await Bun.write(join(folder.path, "scripts/run.ts"), script);
  await Bun.write(join(folder.path, "package.json"), JSON.stringify(manifest));
  await Bun.write(join(folder.path, "bun.lock"), '{ "lockfileVersion": 99 }');
  const { status, stderr } = bunRun("dev", { cwd: folder.path });
  expect(stderr.trimEnd().split("\n").at(-1)).toBe(
    "Cannot install the dependencies, for the reason above: this needs the network, and the right to " +
      "write to node_modules/ here",
  );
  expect(status).toBe(1);
});

test("bun run build names the folder that it cannot write, in one line", () => {
  const { status, stdout, stderr } = bunRun("build --outdir package.json/dist user-service");
  expect(stderr).toBe(
    `Cannot build user-service in ${join(root, "package.json/dist")}: ` +
      "a part of the path is not a folder; check the path\n",
  );
  expect([status, stdout]).toEqual([1, ""]);
});

test.each([
  ["build --target linux-sparc", 'Cannot build for target "linux-sparc"'],
  ["build --targets linux-x64", "Unknown option '--targets'"],
  ["build users", 'Cannot build "users"'],
  ["bench --peers nginx", 'Cannot find "nginx" among'],
  ["dev --inspect=x", 'Cannot use --inspect "x"'],
  ["dev --auth=on", "Option '--auth' does not take an argument"],
  ["dev:token", "Name a --scope"],
  ["dev:token --scope users:read --user alice", 'Cannot use --user "alice"'],
  ["dev:token --scope users:read --audience shop", 'Cannot use --audience "shop"'],
  ["dev:token --scope users:read --minutes 1h", 'Cannot use --minutes "1h"'],
  ["dev:token --scope users:read --minutes 525601", 'Cannot use --minutes "525601"'],
  ["release", "Name one version"],
])("bun run %s fails with the reason, the usage and status 2", (line, reason) => {
  const { status, stdout, stderr } = bunRun(line);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toStartWith(reason);
  expect(stderr).toContain(`Usage: bun run ${line.replace(/ .*/, "")}`);
});

test.each(["AUTH_ISSUER", "AUTH_AUDIENCE", "USER_SERVICE_TOKEN_FILE"])(
  "bun run dev --auth refuses %s, which would not have the effect that it has without --auth",
  (variable) => {
    const { status, stderr } = bunRun("dev --auth", { env: { [variable]: "x", DATABASE_URL: "" } });
    expect(status).toBe(2);
    expect(stderr).toStartWith(`Cannot use ${variable} with --auth`);
  },
);

const shellScripts = [...new Bun.Glob("scripts/*.sh").scanSync(root)].filter(
  (path) => statSync(join(root, path)).mode & 0o100,
);

/** Runs a script of the shell with nothing in its environment but the programs of a system. */
function shellRun(path: string, args: readonly string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([join(root, path), ...args], {
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test.each(shellScripts)("%s --help prints what its head says, and does nothing", async (path) => {
  const [, head = ""] = /^#!.*\n((?:#.*\n)+)/.exec(await Bun.file(join(root, path)).text()) ?? [];
  expect(head.length).toBeGreaterThan(100);
  const expected = { status: 0, stdout: head.replaceAll(/^# ?/gm, ""), stderr: "" };
  expect(shellRun(path, ["--help"])).toEqual(expected);
});

test.each([
  ["build-image.sh", [], "Name a service and an archive"],
  ["build-image.sh", ["users", "a.tar"], 'Cannot build "users": it has no Dockerfile'],
  ["check-reproducible.sh", ["--images"], "Cannot use --images"],
  ["gate.sh", [], "Set CODE"],
  ["image-arguments.sh", ["--write"], "Cannot use --write"],
  ["image-sbom.sh", ["user-service"], "Name a service and a file"],
  ["load-image.sh", ["user-service", "none.tar"], "There is no none.tar: build-image.sh makes it"],
  ["publish-image.sh", ["user-service", "package.json"], "Set GITHUB_REPOSITORY"],
  ["report-vulnerabilities.sh", [], "Name the folder of the reports"],
  ["sign-images.sh", [], "Name an image by its digest"],
  ["sign-images.sh", ["a:latest"], 'Cannot sign "a:latest": a tag can move, name a digest'],
  ["verify.sh", ["kind-x"], "Cannot use kind-x: an option of kubectl begins with -"],
])("%s %j fails with the reason, the help and status 2", async (name, args, reason) => {
  await using folder = temporaryFolder();
  for (const program of ["docker", "skopeo", "kubectl", "gh", "bun"]) {
    await symlink("/bin/false", join(folder.path, program));
  }
  const PATH = `${folder.path}:/usr/bin:/bin`;
  const { status, stdout, stderr } = shellRun(`scripts/${name}`, args, { PATH });
  expect(stderr).toStartWith(`${reason}\n\n`);
  expect(stderr.length).toBeGreaterThan(reason.length + 100);
  expect([status, stdout]).toEqual([2, ""]);
});

test.each([
  ["deploy.sh", "bun", "deploy.sh needs bun kubectl"],
  ["verify.sh", "kubectl", "verify.sh needs kubectl"],
])("%s without %s says what to install", async (name, program, needed) => {
  await using folder = temporaryFolder();
  for (const other of ["bash", "dirname"]) {
    await symlink(Bun.which(other) ?? "", join(folder.path, other));
  }
  const { status, stderr } = shellRun(`scripts/${name}`, [], { PATH: folder.path });
  expect(stderr).toBe(`Cannot find ${program}: install it. ${needed}\n`);
  expect(status).toBe(1);
});

test("bun run dev names the port that another process has, and the way to another port", () => {
  using other = Bun.serve({ port: 0, fetch: () => new Response() });
  const { status, stderr } = bunRun("dev", { env: { PORT: `${other.port}`, DATABASE_URL: "" } });
  expect(status).toBe(1);
  expect(stderr).toStartWith(
    `Cannot start ${services[0]?.name}: another process listens on port ${other.port}\n`,
  );
  expect(stderr).toContain("PORT=9000 bun run dev");
});
