// The command line of the executable: what it prints, what it refuses, how it exits.
import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { spawnExecutable } from "@platform/shared/testing/executable";
import { processTests } from "@platform/shared/testing/process-tests";

const { start, run, path } = processTests();
const service = "user-service";

/** Opens both ends of a new pipe. */
async function openPipe() {
  const pipe = path("pipe");
  await Bun.$`mkfifo ${pipe}`.quiet();
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(pipe, constants.O_WRONLY) };
}

/** Opens a file for writing; closes it at the end of the scope. */
function openFile(file: string) {
  const descriptor = openSync(file, "w");
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

describe("the command line", () => {
  test("--help prints to stdout alone, and exits with 0", async () => {
    const help = await run(service, ["--help"]);
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
    expect(help.stdout).toMatch(/\n {2}PORT +a whole number from 0 to 65535; default 8000\n/);
    expect(help.stdout).toMatch(
      /\n {2}CORS_ORIGINS +a comma-separated list [^\n]+; not set by default\n/,
    );
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
    const stderr = expect.stringContaining("Usage: user-service");
    expect(await run(service, line.split(" "))).toEqual({ status: 2, stdout: "", stderr });
    expect(await readdir(path())).toEqual([]);
  });

  test.each([
    ["frobnicate", 'unknown command "frobnicate"', "[COMMAND]\n\nCommands:\n  serve "],
    ["backup-rotate . 0", "COUNT must be a whole number", "backup-rotate FOLDER COUNT\n"],
    ["serve now", "serve takes no arguments", "serve\n"],
  ])(
    "%s prints the reason and the usage, and leaves the variables to --help",
    async (line, reason, call) => {
      const { stderr } = await run(service, line.split(" "));
      expect(stderr).toStartWith(`user-service: ${reason}`);
      expect(stderr).toContain(`\n\nUsage: user-service ${call}`);
      expect(stderr).toEndWith(
        "\n\nEverything, with the environment variables: user-service --help\n",
      );
      expect(stderr.split("\n").length).toBeLessThan(24);
    },
  );

  test.each([
    ["postgres://user:secret@db/users"],
    ["DATABASE_URL=postgres://user:secret@db/users"],
    ["--database-url=postgres://user:secret@db/users"],
    ["--password=secret"],
    ["password=secret"],
    ["user:secret@db"],
    ["postgres://db/users?user=user&password=secret"],
    ["serve postgres://user:secret@db/users"],
    ["serve --database-url=postgres://user:secret@db/users"],
    ["migrate --password=secret"],
    ["backup postgres://user:secret@db/users"],
    ["restore postgres://user:secret@db/users"],
    ["backup-rotate postgres://user:secret@db/users 3"],
    ["copy-to mysql://user:secret@db/users"],
    ["move-to postgres://user:secret@db"],
  ])("%s is refused with 2, and the password is not repeated", async (line) => {
    const outcome = await run(service, line.split(" "));
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).not.toContain("secret");
    expect(await readdir(path())).toEqual([]);
  });

  test("serve prints a line for every wrong variable, makes no file, and exits with 78", async () => {
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
    const outcome = await run(service, [], env);
    expect(outcome).toMatchObject({ status: 78, stdout: "" });
    const lines = outcome.stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(8);
    for (const variable of Object.keys(env)) {
      expect(lines.filter((line) => line.includes(variable))).toHaveLength(1);
    }
    expect(lines[0]).toBe(
      'user-service: Cannot use PORT "80a": it must be a whole number from 0 to 65535',
    );
    expect(outcome.stderr).not.toContain("secret");
    expect(await readdir(path())).toEqual([]);
  });

  test("serve logs the path of its database and that authentication is off, and takes LOG_LEVEL in any case", async () => {
    const env = { DATABASE_URL: "sqlite:some/users.db", LOG_LEVEL: "INFO" };
    await using running = await start(service, env);
    expect(await running.logged("listening")).toMatchObject({
      database: join(realpathSync(path()), "some/users.db"),
      authentication: "off",
    });
  });

  test.each(["sqlite:///./users.db", "sqlite:////tmp/users.db"])(
    "DATABASE_URL=%s is refused with both right spellings, and makes no file",
    async (DATABASE_URL) => {
      const outcome = await run(service, ["migrate"], { DATABASE_URL });
      expect(outcome).toMatchObject({ status: 78, stdout: "" });
      expect(outcome.stderr).toMatch(/^[^\n]+ sqlite:NAME [^\n]+ sqlite:\/NAME [^\n]+\n$/);
      expect(await readdir(path())).toEqual([]);
    },
  );

  test("serve and migrate print one line to stderr for a taken port and an unusable database, and exit with 1", async () => {
    await using running = await start(service);
    const env = { PORT: String(running.port), HOST: "127.0.0.1" };
    const taken = await run(service, [], env);
    expect(taken).toEqual({
      status: 1,
      stdout: "",
      stderr:
        `user-service: Cannot listen on 127.0.0.1:${running.port}: the port is taken; ` +
        "stop the other process or set PORT, e.g. PORT=9000\n",
    });
    await mkdir(path("folder"));
    expect(await run(service, ["migrate"], { DATABASE_URL: "sqlite:folder" })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^user-service: Cannot open the database [^\n]+\n$/),
    });
  });

  test("serve without HOST serves clients of both families, and healthcheck finds it ready", async () => {
    await using running = await start(service, { HOST: "" });
    expect(await running.logged("listening")).toMatchObject({ host: "::" });
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect((await fetch(`http://${host}:${running.port}/ready`)).status).toBe(200);
    }
    const env = { PORT: String(running.port) };
    expect(await run(service, ["healthcheck"], env)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test("healthcheck exits with 0 if the service is ready, and otherwise prints a line and exits with 1", async () => {
    const running = await start(service);
    const env = { PORT: String(running.port) };
    expect(await run(service, ["healthcheck"], env)).toMatchObject({ status: 0 });
    await running[Symbol.asyncDispose]();
    const stderr = expect.stringMatching(/^user-service: [^\n]+\n$/);
    expect(await run(service, ["healthcheck"], env)).toMatchObject({ status: 1, stderr });
  });

  test("healthcheck finds a service ready whose files are gone, and needs no other variable", async () => {
    await Bun.write(path("url"), "sqlite:users.db");
    const files = { DATABASE_URL_FILE: path("url") };
    await using running = await start(service, files);
    await rm(path("url"));
    const env = { ...files, PORT: String(running.port) };
    expect(await run(service, ["healthcheck"], env)).toMatchObject({ status: 0 });
    expect(await run(service, ["healthcheck"], { PORT: "x" })).toMatchObject({ status: 78 });
  });

  test("openapi prints the whole document, also to a slow reader of a pipe", async () => {
    const whole = await run(service, ["openapi"]);
    const { reader, writer } = await openPipe();
    const child = spawnExecutable(service, ["openapi"], { cwd: path(), stdout: writer });
    closeSync(writer);
    // The pipe holds 64 KiB: meanwhile the process waits to write the rest.
    await run(service, ["openapi"]);
    const slow = await Bun.file(reader).text();
    closeSync(reader);
    expect(await child.exited).toBe(0);
    expect(slow.length).toBeGreaterThan(65_536);
    expect(slow).toBe(whole.stdout);
  });

  test("openapi exits with 0 when the reader has closed the pipe, as head does", async () => {
    const { reader, writer } = await openPipe();
    closeSync(reader);
    const child = spawnExecutable(service, ["openapi"], { cwd: path(), stdout: writer });
    closeSync(writer);
    expect(await child.stderr.text()).toBe("");
    expect(await child.exited).toBe(0);
  });

  test.each(["openapi", "--version", "migrate"])(
    "%s says in one line that its output has no room, and exits with 1",
    async (command) => {
      using full = openFile("/dev/full");
      const child = spawnExecutable(service, [command], { cwd: path(), stdout: full.descriptor });
      expect(await child.stderr.text()).toBe(
        "user-service: Cannot write to stdout: the disk is full; make room\n",
      );
      expect(await child.exited).toBe(1);
    },
  );

  test("healthcheck ignores HTTP_PROXY", async () => {
    await using running = await start(service);
    const proxy = "http://127.0.0.1:1";
    const env = { PORT: String(running.port), HTTP_PROXY: proxy, http_proxy: proxy };
    expect(await run(service, ["healthcheck"], env)).toMatchObject({ status: 0 });
  });

  test("openapi prints the document of /swagger/json, and makes no database", async () => {
    const printed = await run(service, ["openapi"]);
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(await readdir(path())).toEqual([]);
    await using running = await start(service);
    expect(JSON.parse(printed.stdout)).toEqual(await (await running.fetch("/swagger/json")).json());
  });

  test("migrate makes the database, and changes nothing the second time", async () => {
    for (let n = 0; n < 2; n += 1) {
      expect(await run(service, ["migrate"])).toMatchObject({ status: 0, stderr: "" });
    }
    expect(await readdir(path("data"))).toEqual(["user_service.db"]);
  });
});
