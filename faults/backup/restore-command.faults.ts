// Restores after a crash, restores that are killed, and restores while services start.
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { spawnExecutable, startExecutable, type Running } from "../../shared/testing/executable.ts";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { expectCleanExit } from "../support/platform/services.ts";
import { amount } from "../support/scale.ts";
import { commonName, createDatabase, userIds } from "./backup-contents.ts";
import { count, createRestoreScenario, expectRefused } from "./restore-scenario.ts";

const service = "user-service";

test("restore after a crash keeps the replaced database with every acknowledged write", async () => {
  await using scenario = await createRestoreScenario();
  const created: string[] = [];
  {
    await using running = await startExecutable(service, { cwd: scenario.cwd });
    for (let n = 1; n <= 50; n += 1) created.push(await createUser(running, count + n));
  }
  expect(existsSync(`${scenario.path}-wal`)).toBe(true);
  const { status, stdout, stderr } = await scenario.restore();
  expect([status, stderr]).toEqual([0, ""]);
  const [kept = "", ...others] = await scenario.kept();
  expect(others).toEqual([]);
  expect(stdout).toContain(`${kept} is the old database\n`);
  expect((await readdir(join(scenario.cwd, "data"))).toSorted()).toEqual(["user_service.db", kept]);
  expect(commonName(scenario.path, count)).toBe("Bob");
  const replaced = userIds(join(scenario.cwd, "data", kept));
  expect(replaced.size).toBe(count + created.length);
  expect(created.filter((id) => !replaced.has(id))).toEqual([]);
});

test("restore that is killed leaves the old database or the new one complete, and always one", async () => {
  const rounds = amount({ full: 60, fast: 12 });
  await using scenario = await createRestoreScenario();
  const data = join(scenario.cwd, "data");
  const outcomes: Record<string, number> = { Alice: 0, Bob: 0 };
  let [looks, misses] = [0, 0];
  const look = () => {
    looks += 1;
    if (!existsSync(scenario.path)) misses += 1;
  };
  for (let round = 0; round < rounds; round += 1) {
    await rm(data, { recursive: true });
    await createDatabase(scenario.cwd, count, "Alice");
    const child = spawnExecutable(service, ["restore", scenario.copy], {
      cwd: scenario.cwd,
      stdout: "ignore",
    });
    const awaited = round % 3 === 0 ? "before-restore" : ".tmp";
    const hasStarted = async () => (await readdir(data)).join().includes(awaited);
    while (child.exitCode === null && !(await hasStarted())) look();
    for (const endAt = performance.now() + Math.random() * 120; performance.now() < endAt; look()) {
      await new Promise(setImmediate);
    }
    child.kill("SIGKILL");
    await child.exited;
    const name = commonName(scenario.path, count);
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    for (const kept of await scenario.kept()) {
      expect(commonName(join(data, kept), count)).toBe("Alice");
    }
    if (name === "Bob") expect(await scenario.kept()).toHaveLength(1);

    await using running = await startExecutable(service, { cwd: scenario.cwd });
    const [user] = (await (await running.fetch("/users?limit=1")).json()) as { name: string }[];
    expect(user?.name).toBe(name);
    expect((await running.fetch("/users", sending("POST", newUser(count + 1)))).status).toBe(201);
  }
  expect(misses).toBe(0);
  expect(outcomes["Bob"]).toBeGreaterThan(0);
  console.log(
    `${rounds} restores killed: ${JSON.stringify(outcomes)}, the path checked ${looks} times`,
  );
});

test("restore succeeds while replicas keep starting, and they run on the new database", async () => {
  for (let round = 0; round < amount({ full: 5, fast: 1 }); round += 1) {
    await using scenario = await createRestoreScenario();
    // The database is corrupt, the usual reason for a restore: a service ends as it starts.
    await truncate(scenario.path, 8192);
    let crashes = 0;
    const keepStarting = async (): Promise<Running> => {
      for (;;) {
        try {
          return await startExecutable(service, { cwd: scenario.cwd });
        } catch {
          crashes += 1;
        }
      }
    };
    const replicas = Promise.all([keepStarting(), keepStarting(), keepStarting()]);
    let outcome = await scenario.restore();
    while (outcome.status !== 0) {
      expectRefused(outcome, "a process has the database open");
      outcome = await scenario.restore();
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
      await expectCleanExit(replica);
    }
    expect(userIds(scenario.path).size).toBe(count + 60);
    console.log(`${crashes} starts on the damaged database, then three replicas on the new one`);
  }
});
