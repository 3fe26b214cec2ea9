// Cursors outlive the process that made them: their key is in the database.
import { describe, expect, test } from "bun:test";
import type { Running } from "@platform/shared/testing/executable";
import { processEngines } from "@platform/shared/testing/process-engines";
import { processTests } from "@platform/shared/testing/process-tests";
import { post } from "./executable.ts";

const service = "user-service";

/** The ids on a page, and the path of the next one. */
async function page({ fetch }: Running, path: string) {
  const response = await fetch(path);
  expect(response.status).toBe(200);
  const users = (await response.json()) as { id: string }[];
  const next = response.headers.get("link")?.match(/^<([^>]+)>/)?.[1] ?? "";
  return { ids: users.map(({ id }) => id), next };
}

describe.each(processEngines)("GET /users of a process on %s", (_, engine) => {
  const { start, run } = processTests(engine);

  test("a Link is valid on another replica, after a restart, on a restored copy, and on no other database", async () => {
    let expected: string[] = [];
    let path = "";
    const expectPage = async (running: Running) =>
      expect((await page(running, path)).ids).toEqual(expected);
    {
      await using first = await start(service);
      for (let n = 0; n < 3; n += 1) await first.fetch("/users", post(n));
      expected = (await page(first, "/users?sort=-created_at")).ids.slice(1, 2);
      path = (await page(first, "/users?sort=-created_at&limit=1")).next;
      await using replica = await start(service);
      await expectPage(replica);
    }
    await using restarted = await start(service);
    await expectPage(restarted);
    if (engine === "SQLite") {
      await run(service, ["backup", "copy.db"]);
      const env = { DATABASE_URL: "sqlite:restored.db" };
      expect(await run(service, ["restore", "copy.db"], env)).toMatchObject({ status: 0 });
      await using restored = await start(service, env);
      await expectPage(restored);
    }
    await using other = await start(service, { DATABASE_URL: "sqlite:other.db" });
    expect((await other.fetch(path)).status).toBe(422);
  });
});
