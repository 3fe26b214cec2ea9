// The scripts of package.json: their --help, and their messages about wrong arguments and surroundings.
import { describe, expect, test } from "bun:test";
import { copyFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { temporaryFolder } from "../../shared/testing/running-service.ts";
import { services } from "../services.ts";

const root = resolve(import.meta.dir, "../..");

/** Runs `bun ARGUMENTS` to its end. */
function bun(args: readonly string[], { cwd = root, env = {} } = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
  return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

describe.each(Object.keys(manifest.scripts))("bun run %s", (name) => {
  test("--help tells what it does and how long it takes, and does nothing", () => {
    const { status, stdout } = bun(["run", "--silent", name, "--help"]);
    expect(stdout).toMatch(new RegExp(`^bun run ${name}: [A-Z].{10,}\\.\nIt takes .{5,}\\.\n`));
    expect(status).toBe(0);
  });
});

test.each(["dev", "build", "bench", "release"])("bun run %s --help lists its options", (name) => {
  const { stdout } = bun(["run", "--silent", name, "--help"]);
  expect(stdout).toContain(`\n\nUsage: bun run ${name} `);
});

test.each(["dev", "test", "check", "build"])(
  "bun run %s names the Bun that it needs before that Bun's lockfile is read",
  async (name) => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "scripts"));
    await copyFile(join(root, "scripts/run.ts"), join(folder.path, "scripts/run.ts"));
    const other = { ...manifest, engines: { bun: "9.8.7" } };
    await Bun.write(join(folder.path, "package.json"), JSON.stringify(other));
    await Bun.write(join(folder.path, "bun.lock"), '{ "lockfileVersion": 99 }');

    const { status, stdout, stderr } = bun(["run", "--silent", name], { cwd: folder.path });
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toStartWith(
      `This project needs Bun 9.8.7, and this is Bun ${Bun.version}. Run instead:\n\n` +
        `  npx -y bun@9.8.7 run ${name}\n`,
    );
    expect(stderr).not.toContain("lockfile");
  },
);

test.each([
  ["build --target linux-sparc", 'Cannot build for target "linux-sparc"'],
  ["build --targets linux-x64", "Unknown option '--targets'"],
  ["build users", 'Cannot build "users"'],
  ["bench --peers nginx", 'Cannot find "nginx" among'],
  ["dev --inspect=x", 'Cannot use --inspect "x"'],
  ["release", "Name one version"],
])("bun run %s fails with the reason, the usage and status 2", (line, reason) => {
  const [name = ""] = line.split(" ");
  const { status, stdout, stderr } = bun(["run", "--silent", ...line.split(" ")]);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toStartWith(reason);
  expect(stderr).toContain(`Usage: bun run ${name}`);
});

test("bun run dev names the port that another process has, and the way to another port", () => {
  using other = Bun.serve({ port: 0, fetch: () => new Response() });
  const { status, stderr } = bun(["run", "--silent", "dev"], {
    env: { PORT: String(other.port), DATABASE_URL: "" },
  });
  expect(status).toBe(1);
  expect(stderr).toStartWith(
    `Cannot start ${services[0]?.name}: another process listens on port ${other.port}\n`,
  );
  expect(stderr).toContain("PORT=9000 bun run dev");
});
