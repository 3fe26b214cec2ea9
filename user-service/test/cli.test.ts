// The command line of the executable: what it prints, what it refuses, how it exits.
import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, spawnExecutable, startExecutable } from "@platform/shared/testing/executable";
import { temporaryFolder } from "@platform/shared/testing/temporary-folder";

const service = "user-service";

describe("the command line", () => {
  test("--version and --help print to stdout alone, and exit with 0", async () => {
    await using folder = temporaryFolder();
    const version = await runCommand(service, ["--version"], { cwd: folder.path });
    expect(version).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^user-service \S+ \(\S+\)\n$/),
      stderr: "",
    });
    const help = await runCommand(service, ["--help"], { cwd: folder.path });
    expect(help).toMatchObject({ status: 0, stderr: "" });
    for (const command of [
      "serve",
      "healthcheck",
      "migrate",
      "backup FILE",
      "backup-rotate FOLDER COUNT",
      "restore FILE",
      "openapi",
    ]) {
      expect(help.stdout).toContain(`  ${command}  `);
    }
  });

  test.each([
    ["frobnicate"],
    ["--port"],
    ["backup"],
    ["backup a b"],
    ["serve now"],
    ["--version x"],
    ["backup --help"],
    ["backup "],
    ["restore"],
    ["restore a b"],
    ["restore --force"],
    ["backup-rotate ."],
    ["backup-rotate . 0"],
    ["backup-rotate . -1"],
    ["backup-rotate . 1e1"],
    ["backup-rotate . 10001"],
    ["backup-rotate . 2 3"],
  ])("%s prints the usage to stderr, makes no file, and exits with 2", async (line) => {
    await using folder = temporaryFolder();
    const outcome = await runCommand(service, line.split(" "), { cwd: folder.path });
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain("Usage: user-service");
    expect(outcome.stdout).toBe("");
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("serve prints a line for every wrong variable, makes no file, and exits with 78", async () => {
    await using folder = temporaryFolder();
    const env = {
      PORT: "80a",
      HOST: "999.1.1.1",
      DATABASE_URL: "postgres://user:secret/pass@db/x",
      LOG_LEVEL: "loud",
      MAX_BODY_BYTES: "0",
      MAX_IN_FLIGHT: "-1",
      SHUTDOWN_GRACE_MS: "0",
      SHUTDOWN_DRAIN_MS: "1e3",
    };
    const outcome = await runCommand(service, [], { cwd: folder.path, env });
    expect(outcome.status).toBe(78);
    expect(outcome.stdout).toBe("");
    const lines = outcome.stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(8);
    for (const variable of Object.keys(env)) {
      expect(lines.filter((line) => line.includes(variable))).toHaveLength(1);
    }
    expect(lines[0]).toBe(
      'user-service: Cannot use PORT "80a": it must be a whole number from 0 to 65535',
    );
    expect(outcome.stderr).not.toContain("secret");
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("a taken port and an unusable database are one line on stderr, and exit with 1", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await using running = await startExecutable(service, { cwd });
    const taken = await runCommand(service, [], {
      cwd,
      env: { PORT: String(running.port), HOST: "127.0.0.1" },
    });
    expect(taken).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `user-service: Cannot listen on 127.0.0.1:${running.port}: the port is taken; ` +
        "stop the other process or set PORT, e.g. PORT=9000\n",
    });
    await mkdir(join(cwd, "folder"));
    const unopened = await runCommand(service, ["migrate"], {
      cwd,
      env: { DATABASE_URL: "sqlite:folder" },
    });
    expect(unopened.status).toBe(1);
    expect(unopened.stderr).toMatch(/^user-service: Cannot open the database [^\n]+\n$/);
  });

  test("healthcheck exits with 0 for a ready service, and with 1 and a line for none", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const running = await startExecutable(service, { cwd });
    const env = { PORT: String(running.port) };
    expect(await runCommand(service, ["healthcheck"], { cwd, env })).toMatchObject({ status: 0 });
    await running[Symbol.asyncDispose]();
    const outcome = await runCommand(service, ["healthcheck"], { cwd, env });
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/^user-service: [^\n]+\n$/);
  });

  test("openapi prints the whole document, also to a slow reader of a pipe", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const whole = await runCommand(service, ["openapi"], { cwd });
    const pipe = join(cwd, "pipe");
    await Bun.$`mkfifo ${pipe}`.quiet();
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    const child = spawnExecutable(service, ["openapi"], { cwd, stdout: writer });
    closeSync(writer);
    // The pipe holds 64 KiB: meanwhile the process waits to write the rest.
    await runCommand(service, ["openapi"], { cwd });
    const slow = await Bun.file(reader).text();
    closeSync(reader);
    expect(await child.exited).toBe(0);
    expect(slow.length).toBeGreaterThan(65_536);
    expect(slow).toBe(whole.stdout);
  });

  test("openapi exits with 0 when the reader has closed the pipe, as head does", async () => {
    await using folder = temporaryFolder();
    const pipe = join(folder.path, "pipe");
    await Bun.$`mkfifo ${pipe}`.quiet();
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    closeSync(reader);
    const child = spawnExecutable(service, ["openapi"], { cwd: folder.path, stdout: writer });
    closeSync(writer);
    expect(await child.stderr.text()).toBe("");
    expect(await child.exited).toBe(0);
  });

  test("healthcheck ignores HTTP_PROXY", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await using running = await startExecutable(service, { cwd });
    const proxy = "http://127.0.0.1:1";
    const env = { PORT: String(running.port), HTTP_PROXY: proxy, http_proxy: proxy };
    expect(await runCommand(service, ["healthcheck"], { cwd, env })).toMatchObject({ status: 0 });
  });

  test("openapi prints the document of /swagger/json, and makes no database", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const printed = await runCommand(service, ["openapi"], { cwd });
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(await readdir(cwd)).toEqual([]);
    await using running = await startExecutable(service, { cwd });
    expect(JSON.parse(printed.stdout)).toEqual(await (await running.fetch("/swagger/json")).json());
  });

  test("migrate makes the database, and changes nothing the second time", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    for (let n = 0; n < 2; n += 1) {
      const outcome = await runCommand(service, ["migrate"], { cwd });
      expect(outcome).toMatchObject({ status: 0, stderr: "" });
    }
    expect(await readdir(join(cwd, "data"))).toEqual(["user_service.db"]);
  });
});
