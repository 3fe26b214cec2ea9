// The commands that copy the database and put a copy back.
import { expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { processTests } from "@platform/shared/testing/process-tests";
import { countUsers, post } from "./executable.ts";

const { start, run, path } = processTests();
const service = "user-service";

test("backup copies the database of a running service whole, and overwrites no file", async () => {
  const missing = await run(service, ["backup", "copy.db"]);
  expect(missing.status).toBe(1);
  expect(await readdir(path())).toEqual([]);
  await using running = await start(service);
  for (let n = 0; n < 5; n += 1) await running.fetch("/users", post(n));
  expect(await run(service, ["backup", "copy.db"])).toMatchObject({ status: 0 });
  const again = await run(service, ["backup", "copy.db"]);
  expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/^[^\n]+\n$/) });
  const backedUpAt = async () => {
    const metrics = await (await running.fetch("/metrics")).text();
    return Number(/^backup_last_success_timestamp_seconds (.+)$/m.exec(metrics)?.[1]);
  };
  const first = await backedUpAt();
  expect(first).toBeGreaterThan(Date.now() / 1000 - 600);
  expect(await run(service, ["backup-rotate", "backups", "2"])).toMatchObject({ status: 0 });
  expect(await backedUpAt()).toBeGreaterThan(first);
  const env = { DATABASE_URL: "sqlite:copy.db" };
  await using restored = await start(service, env);
  expect(await countUsers(restored)).toBe(5);
});

test("backup makes its copy, and says so, where metrics cannot be told of it", async () => {
  await run(service, ["migrate"]);
  await mkdir(path("data/user_service.db.last-backup"));
  const outcome = await run(service, ["backup", "copy.db"]);
  expect(outcome).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("copy.db is a copy"),
  });
  expect(outcome.stderr).toMatch(/^user-service: Metrics will not show the backup [^\n]+\n$/);
  expect(await readdir(path("data"))).toSatisfy((names) => !names.join().includes(".tmp"));
});

test("backup-rotate keeps the newest copies, and restore brings one back", async () => {
  await run(service, ["migrate"]);
  const rotate = () => run(service, ["backup-rotate", "backups", "2"]);
  for (let n = 0; n < 2; n += 1) expect(await rotate()).toMatchObject({ status: 0, stderr: "" });
  const [first = "", second = ""] = (await readdir(path("backups"))).toSorted();
  const outcome = await rotate();
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  expect(outcome.stdout.split("\n")).toContain(`backups/${first} is deleted`);
  const names = (await readdir(path("backups"))).toSorted();
  expect(names).toEqual([second, expect.stringMatching(/^user_service-\d{8}T\d{6}\.\d{3}Z\.db$/)]);

  const env = { DATABASE_URL: "sqlite:elsewhere/restored.db" };
  const restored = await run(service, ["restore", `backups/${second}`], env);
  expect(restored).toEqual({
    status: 0,
    stdout: `elsewhere/restored.db is a copy of backups/${second}\n`,
    stderr: "",
  });
  expect(await readdir(path("elsewhere"))).toEqual(["restored.db"]);
  const missing = await run(service, ["restore", "missing.db"]);
  expect(missing).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(/^user-service: Cannot restore "missing.db" [^\n]+\n$/),
  });
});

test("backup-rotate says no more than the files that it has deleted, however many", async () => {
  await run(service, ["migrate"]);
  const old = Array.from({ length: 20 }, (_, n) => `user_service-20250101T0000${n + 10}.000Z.db`);
  for (const name of old) await Bun.write(path(`backups/${name}`), "");
  const { stdout, stderr } = await run(service, ["backup-rotate", "backups", "1"]);
  expect(stdout.split("\n").slice(1, -1)).toEqual(old.map((name) => `backups/${name} is deleted`));
  expect(stderr).toBe("");
});

test.each([
  ["backup file/copy.db", "folder"],
  ["backup folder", "exists already"],
  [`backup ${"x".repeat(300)}.db`, "too long"],
  ["backup circle/copy.db", "its folder cannot be made"],
  ["backup-rotate file 7", "a file of this name"],
  ["backup-rotate file/backups 7", "folder"],
  ["restore missing.db", "no such file"],
  ["restore folder", "not a file"],
  ["restore file/copy.db", "no such file"],
  ["restore file", "no backup"],
  ["restore circle", "circle"],
])("%s fails with one line in words, without an error code of the system", async (line, words) => {
  await run(service, ["migrate"]);
  await mkdir(path("folder"));
  await writeFile(path("file"), "");
  await Bun.$`ln -s circle ${path("circle")}`.quiet();
  const { status, stdout, stderr } = await run(service, line.split(" "));
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^user-service: Cannot (back up|restore) "[^\n]+\n$/);
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/\bE[A-Z]{3,}\b|\.tmp|errno|syscall/);
});
