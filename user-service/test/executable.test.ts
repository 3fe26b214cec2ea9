// What only a process shows: its command line, its signals, its crash.
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { closeSync, constants, openSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  runCommand,
  spawnExecutable,
  startExecutable,
  type Running,
} from "@platform/shared/testing/executable";
import { temporaryFolder } from "@platform/shared/testing/temporary-folder";

const service = "user-service";
const post = (name: string, n: number) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name, email: `user${n}@example.com` }),
});

async function countUsers({ fetch }: Pick<Running, "fetch">): Promise<number> {
  return ((await (await fetch("/users?limit=1000")).json()) as unknown[]).length;
}

describe("the command line", () => {
  test("--version and --help say what they say and nothing else", async () => {
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
  ])("what nobody understands (%s) is answered with the usage and status 2", async (line) => {
    await using folder = temporaryFolder();
    const outcome = await runCommand(service, line.split(" "), { cwd: folder.path });
    expect(outcome.status).toBe(2);
    expect(outcome.stderr).toContain("Usage: user-service");
    expect(outcome.stdout).toBe("");
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("wrong variables are told one by one, and nothing is started", async () => {
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

  test("an empty variable counts as not set", async () => {
    await using folder = temporaryFolder();
    const env = { LOG_LEVEL: "", MAX_IN_FLIGHT: "", DATABASE_URL: "" };
    await using running = await startExecutable(service, { cwd: folder.path, env });
    expect((await running.fetch("/health")).status).toBe(200);
    expect(await readdir(join(folder.path, "data"))).toContain("user_service.db");
  });

  test("a taken port and a database that cannot be opened are one line each", async () => {
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
      stderr: `user-service: Cannot listen on 127.0.0.1:${running.port}: the port is taken\n`,
    });
    await mkdir(join(cwd, "folder"));
    const unopened = await runCommand(service, ["migrate"], {
      cwd,
      env: { DATABASE_URL: "sqlite:folder" },
    });
    expect(unopened.status).toBe(1);
    expect(unopened.stderr).toMatch(/^user-service: Cannot open the database [^\n]+\n$/);
  });

  test("healthcheck tells a ready service from none", async () => {
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

  test("what is printed is whole, also for a slow reader", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const whole = await runCommand(service, ["openapi"], { cwd });
    const pipe = join(cwd, "pipe");
    await Bun.$`mkfifo ${pipe}`.quiet();
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(pipe, constants.O_WRONLY);
    const child = spawnExecutable(service, ["openapi"], { cwd, stdout: writer });
    closeSync(writer);
    // The reader has other things to do first.
    await runCommand(service, ["openapi"], { cwd });
    const slow = await Bun.file(reader).text();
    closeSync(reader);
    expect(await child.exited).toBe(0);
    expect(slow.length).toBeGreaterThan(65_536);
    expect(slow).toBe(whole.stdout);
  });

  test("a proxy has no say in a healthcheck", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await using running = await startExecutable(service, { cwd });
    const proxy = "http://127.0.0.1:1";
    const env = { PORT: String(running.port), HTTP_PROXY: proxy, http_proxy: proxy };
    expect(await runCommand(service, ["healthcheck"], { cwd, env })).toMatchObject({ status: 0 });
  });

  test("openapi prints the document that the service serves, and touches no database", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const printed = await runCommand(service, ["openapi"], { cwd });
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(await readdir(cwd)).toEqual([]);
    await using running = await startExecutable(service, { cwd });
    expect(JSON.parse(printed.stdout)).toEqual(await (await running.fetch("/swagger/json")).json());
  });

  test("a backup of a running service is a whole database, and overwrites nothing", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const missing = await runCommand(service, ["backup", "copy.db"], { cwd });
    expect(missing.status).toBe(1);
    expect(await readdir(cwd)).toEqual([]);
    await using running = await startExecutable(service, { cwd });
    for (let n = 0; n < 5; n += 1) await running.fetch("/users", post("Alice", n));
    expect(await runCommand(service, ["backup", "copy.db"], { cwd })).toMatchObject({ status: 0 });
    const again = await runCommand(service, ["backup", "copy.db"], { cwd });
    expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/^[^\n]+\n$/) });
    const env = { DATABASE_URL: "sqlite:copy.db" };
    await using restored = await startExecutable(service, { cwd, env });
    expect(await countUsers(restored)).toBe(5);
  });

  test("backups are rotated, and one of them restored", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    await runCommand(service, ["migrate"], { cwd });
    await mkdir(join(cwd, "backups"));
    const rotate = () => runCommand(service, ["backup-rotate", "backups", "2"], { cwd });
    for (let n = 0; n < 2; n += 1) expect(await rotate()).toMatchObject({ status: 0, stderr: "" });
    const [first = "", second = ""] = (await readdir(join(cwd, "backups"))).toSorted();
    const outcome = await rotate();
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    expect(outcome.stdout.split("\n")).toContain(`backups/${first} is deleted`);
    const names = (await readdir(join(cwd, "backups"))).toSorted();
    expect(names).toEqual([
      second,
      expect.stringMatching(/^user_service-\d{8}T\d{6}\.\d{3}Z\.db$/),
    ]);

    const env = { DATABASE_URL: "sqlite:elsewhere/restored.db" };
    const restored = await runCommand(service, ["restore", `backups/${second}`], { cwd, env });
    expect(restored).toEqual({
      status: 0,
      stdout: `elsewhere/restored.db is a copy of backups/${second}\n`,
      stderr: "",
    });
    expect(await readdir(join(cwd, "elsewhere"))).toEqual(["restored.db"]);
    const missing = await runCommand(service, ["restore", "missing.db"], { cwd });
    expect(missing).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^user-service: Cannot restore "missing.db" [^\n]+\n$/),
    });
  });

  test("migrate brings the database up to date and ends", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    for (let n = 0; n < 2; n += 1) {
      const outcome = await runCommand(service, ["migrate"], { cwd });
      expect(outcome).toMatchObject({ status: 0, stderr: "" });
    }
    expect(await readdir(join(cwd, "data"))).toEqual(["user_service.db"]);
  });
});

describe("the end of a process", () => {
  test("what was answered is there after a crash", async () => {
    await using folder = temporaryFolder();
    const cwd = folder.path;
    const answered = new Set<string>();
    {
      await using running = await startExecutable(service, { cwd });
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; ; n += 1) {
          const response = await running.fetch("/users", post("Alice", writer * 10_000 + n));
          if (response.status === 201) answered.add(((await response.json()) as { id: string }).id);
          if (answered.size >= 100) running.kill("SIGKILL");
        }
      });
      await Promise.allSettled(writers);
    }
    await using restarted = await startExecutable(service, { cwd });
    for (const id of answered) expect((await restarted.fetch(`/users/${id}`)).status).toBe(200);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends an idle service with status 0",
    async (signal) => {
      await using folder = temporaryFolder();
      await using running = await startExecutable(service, { cwd: folder.path });
      await running.fetch("/users");
      running.kill(signal);
      expect(await running.exited).toBe(0);
      await running.logged("stopped");
      expect(await readdir(join(folder.path, "data"))).toEqual(["user_service.db"]);
    },
  );

  test("while draining it still answers, tells its probes, and closes connections", async () => {
    await using folder = temporaryFolder();
    const env = { SHUTDOWN_DRAIN_MS: "300000" };
    await using running = await startExecutable(service, { cwd: folder.path, env });
    running.kill("SIGTERM");
    await running.logged("draining");
    expect((await running.fetch("/ready")).status).toBe(503);
    expect((await running.fetch("/health")).status).toBe(200);
    const created = await running.fetch("/users", post("Alice", 1));
    expect(created.status).toBe(201);
    expect(created.headers.get("connection")).toBe("close");
    running.kill("SIGTERM");
    expect(await running.exited).toBe(143);
  });

  test("a request that is never finished is cut when the grace runs out", async () => {
    await using folder = temporaryFolder();
    const env = { SHUTDOWN_GRACE_MS: "50" };
    await using running = await startExecutable(service, { cwd: folder.path, env });
    const { promise: isOpen, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: running.port,
      socket: {
        open(socket) {
          socket.write(
            "POST /users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
          );
          resolve();
        },
        data() {},
      },
    });
    await isOpen;
    await running.fetch("/health");
    running.kill("SIGTERM");
    expect(await running.exited).toBe(1);
    socket.end();
  });
});

test("a write that was cut with its client is not made afterwards", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  const env = { SHUTDOWN_GRACE_MS: "100" };
  await using running = await startExecutable(service, { cwd, env });
  const lock = new Database(join(cwd, "data/user_service.db"));
  lock.run("BEGIN IMMEDIATE");
  const cut = running.fetch("/users", post("Alice", 1)).catch(() => "cut");
  const isAtWork = async () =>
    (await (await running.fetch("/metrics")).text()).includes("http_requests_in_flight 1");
  while (!(await isAtWork()));
  running.kill("SIGTERM");
  expect(await cut).toBe("cut");
  expect(await running.exited).toBe(1);
  lock.run("ROLLBACK");
  lock.close();
  await using restarted = await startExecutable(service, { cwd });
  expect(await countUsers(restarted)).toBe(0);
});

test("two replicas on one database share its users and its rules", async () => {
  await using folder = temporaryFolder();
  const cwd = folder.path;
  await using one = await startExecutable(service, { cwd });
  await using two = await startExecutable(service, { cwd });
  const statuses = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const { fetch } = n % 2 ? one : two;
      return (await fetch("/users", post("Alice", n >> 1))).status;
    }),
  );
  expect(statuses.filter((status) => status === 201)).toHaveLength(20);
  expect(statuses.filter((status) => status === 409)).toHaveLength(20);
  expect(await countUsers(one)).toBe(20);
  expect(await countUsers(two)).toBe(20);
});
