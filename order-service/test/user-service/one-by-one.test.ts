// Look-ups that come faster than user-service answers share its answers.
import { describe, expect, test } from "bun:test";
import { createLog } from "@platform/shared/telemetry/logger";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import { Registry } from "prom-client";
import { userDirectory } from "../../src/user-service/user-directory.ts";
import { userServiceMetrics } from "../../src/user-service/metrics.ts";
import { urlOf } from "../order-service.ts";

const idOf = (n: number) => `01936f5e-8a3c-7c4e-9d2b-${n.toString(16).padStart(12, "0")}`;
const userOf = (id: string) => ({ id, name: "Alice", email: "alice@example.com" });
const everybody = Array.from({ length: 60 }, (_, n) => idOf(n));
/** Every third does not exist. */
const exists = (id: string) => everybody.indexOf(id) % 3 !== 0;
const expected = everybody.map((id) => (exists(id) ? "exists" : "unknown"));

/** The answer of a user-service to a question for one. */
function one(path: string): Response {
  const id = path.slice("/users/".length);
  return exists(id) ? Response.json(userOf(id)) : new Response(null, { status: 404 });
}

/** A directory whose user-service answers for many as told, and the paths that it was asked. */
function directory(many: (ids: string[]) => Response) {
  const paths: string[] = [];
  const users = userDirectory({
    url: "http://users",
    timeoutMs: 60_000,
    logger: createLog({ service: "test", version: "test", level: "silent" }).logger,
    metrics: userServiceMetrics(new Registry()),
    async fetch(input) {
      const { pathname, searchParams } = urlOf(input);
      paths.push(pathname);
      await new Promise((resolve) => setImmediate(resolve));
      const ids = searchParams.get("ids");
      return ids === null ? one(pathname) : many(ids.split(","));
    },
  });
  const lookFor = (ids: readonly string[]) => Promise.all(ids.map((id) => users.check(id)));
  return { paths, lookFor, lookForAll: () => lookFor(everybody) };
}

const list = (ids: string[]) => Response.json(ids.filter(exists).map(userOf));

describe("many look-ups at once", () => {
  test("make few calls of a real user-service, each with its own answer", async () => {
    await using service = await startUserService();
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { id } = await createUser(service, { name: "Alice", email: `user${n}@example.com` });
        return n % 2 ? id : idOf(n);
      }),
    );
    const registry = new Registry();
    const users = userDirectory({
      url: service.url,
      timeoutMs: 60_000,
      logger: createLog({ service: "test", version: "test", level: "silent" }).logger,
      metrics: userServiceMetrics(registry),
    });
    const answers = await Promise.all(ids.map((id) => users.check(id)));
    expect(answers).toEqual(ids.map((_, n) => (n % 2 ? "exists" : "unknown")));
    const calls = /^external_service_duration_seconds_count\S* (\d+)$/m.exec(
      await registry.metrics(),
    );
    expect(Number(calls?.[1])).toBe(1);
  });

  test("are few calls of user-service", async () => {
    const { paths, lookForAll } = directory(list);
    expect(await lookForAll()).toEqual(expected);
    expect(paths.length).toBe(1);
  });

  test.each([
    ["refuses the question", () => new Response(null, { status: 422 })],
    ["does not know the path", () => new Response(null, { status: 404 })],
    ["fails at the question", () => new Response(null, { status: 500 })],
    ["answers with all its users", () => Response.json([userOf(idOf(999))])],
    ["answers with something else", () => Response.json({ users: [] })],
    ["answers with garbage", () => new Response("garbage")],
  ])("are single calls of a user-service that %s", async (_, many) => {
    const { paths, lookForAll } = directory(many);
    expect(await lookForAll()).toEqual(expected);
    expect(paths.filter((path) => path === "/users").length).toBe(1);
    const callsBefore = paths.length;
    expect(await lookForAll()).toEqual(expected);
    expect(paths.slice(callsBefore)).not.toContain("/users");
  });

  test("fail as one would if user-service was able to answer before", async () => {
    let isWell = true;
    const { paths, lookFor, lookForAll } = directory((ids) =>
      isWell ? list(ids) : new Response(null, { status: 500 }),
    );
    await lookForAll();
    isWell = false;
    const callsBefore = paths.length;
    expect(new Set(await lookForAll())).toEqual(new Set(["failed"]));
    expect(paths.length - callsBefore).toBeLessThan(4);
    for (const id of everybody.slice(0, 8)) {
      expect(await lookFor([id])).toEqual([exists(id) ? "exists" : "unknown"]);
    }
  });
});
