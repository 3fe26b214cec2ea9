// The executables that `bun run build` makes: files, environment and user around them change nothing.
import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { testCommit } from "../../shared/testing/build-executables.ts";
import {
  executableOf,
  runCommand,
  startExecutable,
  type Running,
} from "../../shared/testing/executable.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { imageEnv } from "../../bench/peers/image-env.ts";
import manifest from "../../package.json" with { type: "json" };
import { root } from "../root.ts";
import { serviceNames } from "../services.ts";

/** Files that Bun or a library would read, each with a content that has a visible effect. */
const hostileFiles = {
  ".env": "PORT=1\nLOG_LEVEL=loud",
  ".env.local": "PORT=1\nLOG_LEVEL=loud",
  ".env.development": "PORT=1\nLOG_LEVEL=loud",
  ".env.production": "PORT=1\nLOG_LEVEL=loud",
  "bunfig.toml": 'preload = ["./hostile.ts"]\nlogLevel = "debug"',
  "hostile.ts": "process.exit(66)",
  "package.json": '{ "type": "commonjs", "imports": { "#*": "./hostile.ts" } }',
  "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./hostile.ts"] } } }',
  "node_modules/elysia/index.js": "process.exit(66)",
  "node_modules/pino/index.js": "process.exit(66)",
};

/** Responses of a service: a document, an asset, and each kind of error. */
async function responsesOf({ fetch }: Running): Promise<unknown[]> {
  const headers = { "x-request-id": "the-same", "content-type": "application/json" };
  const requests: [string, RequestInit?][] = [
    ["/ready"],
    ["/swagger/json"],
    ["/swagger"],
    ["/nowhere"],
    ["/users/x"],
    ["/orders/x"],
    ["/users", { method: "POST", body: "{" }],
    ["/users", { method: "POST", body: '{"name": 1}' }],
    ["/orders", { method: "POST", body: '{"user_id": "x"}' }],
  ];
  return Promise.all(
    requests.map(async ([path, init]) => {
      const response = await fetch(path, { ...init, headers });
      return { path, status: response.status, body: await response.text() };
    }),
  );
}

/** Starts a program as PID 1, as a user without an entry in /etc/passwd, without network. */
const namespaces = "--pid --fork --kill-child --net --user --map-user=12345 --map-group=12345";
const unshare = [Bun.which("unshare") ?? "unshare", ...namespaces.split(" "), "--"];

/** Whether this machine allows that. */
const canUnshare = Bun.which("unshare") !== null && Bun.spawnSync([...unshare, "true"]).success;

describe.each(serviceNames)("the executable of %s", (service) => {
  test("names its version and commit in --version, log and metrics", async () => {
    await using folder = temporaryFolder();
    const { version } = manifest;
    const printed = await runCommand(service, ["--version"], { cwd: folder.path });
    const stdout = `${service} ${version} (${testCommit})\n`;
    expect(printed).toEqual({ status: 0, stdout, stderr: "" });
    await using running = await startExecutable(service, { cwd: folder.path });
    expect(await running.logged("listening")).toMatchObject({ version, commit: testCommit });
    expect(await (await running.fetch("/metrics")).text()).toContain(
      `build_info{service="${service}",version="${version}",commit="${testCommit}"} 1\n`,
    );
  });

  test("has an allocator that knows the variable which the image sets for it, or the image would be slower", async () => {
    const dockerfile = await Bun.file(join(root, service, "Dockerfile")).text();
    const [, value] = /^ENV [^]*?\bMIMALLOC_PURGE_HOLES=(\d+)/m.exec(dockerfile) ?? [];
    expect(value).toBe(imageEnv["MIMALLOC_PURGE_HOLES"]);
    await using folder = temporaryFolder();
    const env = { ...imageEnv, MIMALLOC_VERBOSE: "1" };
    const { stderr } = await runCommand(service, ["--version"], { cwd: folder.path, env });
    expect(stderr).toContain("option 'purge_holes': 0 ");
  });

  test("contains no path of the machine that built it: it is the same wherever it is built", async () => {
    const executable = Buffer.from(await Bun.file(executableOf(service)).bytes());
    expect(executable.indexOf(root)).toBe(-1);
  });

  test.each(["development", "test"])(
    "gives the same responses among hostile files and with NODE_ENV=%s as in an empty folder",
    async (NODE_ENV) => {
      await using empty = temporaryFolder();
      await using hostile = temporaryFolder();
      for (const [path, text] of Object.entries(hostileFiles)) {
        await Bun.write(join(hostile.path, path), text);
      }
      const before = await readdir(hostile.path, { recursive: true });

      await using alone = await startExecutable(service, { cwd: empty.path });
      const env = { NODE_ENV, NODE_OPTIONS: "--require ./hostile.ts" };
      await using surrounded = await startExecutable(service, { cwd: hostile.path, env });
      expect(await responsesOf(surrounded)).toEqual(await responsesOf(alone));
      surrounded.kill("SIGTERM");
      expect(await surrounded.exited).toBe(0);
      const after = await readdir(hostile.path, { recursive: true });
      expect(after.filter((path) => !/^data\b/.test(path)).sort()).toEqual(before.sort());
    },
  );

  test.each([
    ["BUN_INSPECT", "127.0.0.1:0"],
    ["BUN_BE_BUN", "0"],
    ["BUN_OPTIONS", "--smol"],
    ["BUN_CONFIG_VERBOSE_FETCH", "curl"],
    ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
  ])("refuses %s=%s of the runtime in one line, with status 78", async (variable, value) => {
    await using folder = temporaryFolder();
    const env = { [variable]: value, PORT: "0" };
    const { status, stdout, stderr } = await runCommand(service, [], { cwd: folder.path, env });
    expect({ status, stdout }).toEqual({ status: 78, stdout: "" });
    const lines = stderr.split("\n").filter((line) => line.startsWith(`${service}: `));
    expect(lines).toEqual([expect.stringContaining(`Cannot run with ${variable}: `)]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("ignores what else might open a debugger, write keys or take a proxy", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const env = {
      NODE_OPTIONS: "--inspect=127.0.0.1:0",
      BUN_INSPECT_PRELOAD: "./hostile.ts",
      BUN_INSPECT_CONNECT_TO: "127.0.0.1:1",
      SSLKEYLOGFILE: "keys",
      NODE_V8_COVERAGE: "coverage",
      NODE_DEBUG: "http,net",
    };
    await using running = await startExecutable(service, { cwd, env });
    running.kill("SIGTERM");
    expect(await running.exited).toBe(0);
    expect(await readdir(cwd)).toEqual(["data"]);
  });

  // On machines without namespaces PID, user and network stay as they are; e2e-compose.sh tests all of it.
  test("runs as PID 1 and an unknown user, without network, and writes to data/ alone", async () => {
    await using folder = temporaryFolder();
    await mkdir(join(folder.path, "data"));
    await chmod(folder.path, 0o555);
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => chmod(folder.path, 0o755));
    await using running = await startExecutable(service, {
      cwd: folder.path,
      env: { HOST: "" },
      ...(canUnshare ? { under: unshare } : {}),
    });
    const { pid } = running;
    const children = canUnshare ? await readFile(`/proc/${pid}/task/${pid}/children`, "utf8") : pid;
    process.kill(Number(children), "SIGTERM");
    expect(await running.exited).toBe(0);
    expect(await readdir(folder.path)).toEqual(["data"]);
    expect(await readdir(join(folder.path, "data"))).toHaveLength(1);
  });
});
