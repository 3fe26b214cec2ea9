// Copies put in the place of databases that are damaged, or left by processes that died.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { startExecutable, type Running } from "../../shared/testing/executable.ts";
import { makeUsers, nameOfUsers, startCommand, userIds } from "./backup-contents.ts";
import { createUser, newUser, sending } from "../support/platform/services.ts";
import { count, expectRefused, restorable } from "./restore-scenario.ts";
import { amount } from "../support/scale.ts";

const service = "user-service";

test("after a crash a copy takes its place, and all that was answered is kept", async () => {
  await using it = await restorable();
  const made: string[] = [];
  {
    await using running = await startExecutable(service, { cwd: it.cwd });
    for (let n = 1; n <= 50; n += 1) made.push(await createUser(running, count + n));
  }
  expect(existsSync(`${it.path}-wal`)).toBe(true);
  const { status, stdout, stderr } = await it.restore();
  expect([status, stderr]).toEqual([0, ""]);
  const [kept = "", ...others] = await it.kept();
  expect(others).toEqual([]);
  expect(stdout).toContain(`${kept} is the old database\n`);
  expect((await readdir(join(it.cwd, "data"))).toSorted()).toEqual(["user_service.db", kept]);
  expect(nameOfUsers(it.path, count)).toBe("Bob");
  const former = userIds(join(it.cwd, "data", kept));
  expect(former.size).toBe(count + made.length);
  expect(made.filter((id) => !former.has(id))).toEqual([]);
});

test("a restore that is killed leaves the former database or the new one, whole", async () => {
  const rounds = amount({ full: 60, fast: 12 });
  await using it = await restorable();
  const data = join(it.cwd, "data");
  const outcomes: Record<string, number> = { Alice: 0, Bob: 0 };
  let [looks, misses] = [0, 0];
  const look = () => {
    looks += 1;
    if (!existsSync(it.path)) misses += 1;
  };
  for (let round = 0; round < rounds; round += 1) {
    await rm(data, { recursive: true });
    await makeUsers(it.cwd, count, "Alice");
    const child = startCommand(service, ["restore", it.copy], it.cwd);
    const awaited = round % 3 === 0 ? "before-restore" : ".tmp";
    const isAtWork = async () => (await readdir(data)).join().includes(awaited);
    while (child.exitCode === null && !(await isAtWork())) look();
    for (const endAt = performance.now() + Math.random() * 120; performance.now() < endAt; look()) {
      await new Promise(setImmediate);
    }
    child.kill("SIGKILL");
    await child.exited;
    const name = nameOfUsers(it.path, count);
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    for (const kept of await it.kept()) {
      expect(nameOfUsers(join(data, kept), count)).toBe("Alice");
    }
    if (name === "Bob") expect(await it.kept()).toHaveLength(1);

    await using running = await startExecutable(service, { cwd: it.cwd });
    const [user] = (await (await running.fetch("/users?limit=1")).json()) as { name: string }[];
    expect(user?.name).toBe(name);
    expect((await running.fetch("/users", sending("POST", newUser(count + 1)))).status).toBe(201);
  }
  expect(misses).toBe(0);
  expect(outcomes["Bob"]).toBeGreaterThan(0);
  console.log(`${rounds} restores killed: ${JSON.stringify(outcomes)}, looked at ${looks} times`);
});

test("services that are started all the time during a restore run on the new database", async () => {
  for (let round = 0; round < amount({ full: 5, fast: 1 }); round += 1) {
    await using it = await restorable();
    // As after a failing disk, and the reason for the restore: the services end as they start.
    await truncate(it.path, 8192);
    let crashes = 0;
    const keepStarting = async (): Promise<Running> => {
      for (;;) {
        try {
          return await startExecutable(service, { cwd: it.cwd });
        } catch {
          crashes += 1;
        }
      }
    };
    const replicas = Promise.all([keepStarting(), keepStarting(), keepStarting()]);
    let outcome = await it.restore();
    while (outcome.status !== 0) {
      expectRefused(outcome, "a process has the database open");
      outcome = await it.restore();
    }
    const running = await replicas;
    await Promise.all(
      running.flatMap((replica, r) =>
        Array.from({ length: 20 }, (_, n) => createUser(replica, count + 1 + 20 * r + n)),
      ),
    );
    for (const replica of running) {
      const response = await replica.fetch(`/users?email=user${count + 1}@example.com`);
      expect(await response.json()).toHaveLength(1);
      replica.kill("SIGTERM");
      expect(await replica.exited).toBe(0);
    }
    expect(userIds(it.path).size).toBe(count + 60);
    console.log(`${crashes} starts on the damaged database, then three replicas on the new one`);
  }
});
