import { describe, expect, test } from "bun:test";
import { createUser, startUserService } from "@platform/user-service/test/user-service";
import {
  directoryOn,
  fakeUserService,
  idIn,
  timedAttempts,
  userNotFound,
  userOf,
} from "../fake-user-service.ts";

const idOf = (n: number) => `01936f5e-8a3c-7c4e-9d2b-${n.toString(16).padStart(12, "0")}`;
const ids = Array.from({ length: 60 }, (_, n) => idOf(n));
/** Every third user does not exist. */
const exists = (id: string) => ids.indexOf(id) % 3 !== 0;
const expected = ids.map((id) => (exists(id) ? "exists" : "unknown"));

/** The response to a request for one user. */
function one(id: string): Response {
  return exists(id) ? Response.json(userOf(id)) : userNotFound();
}

/** The response to a request for several users, of a user-service that understands it. */
const list = (ids: string[]) => Response.json(ids.filter(exists).map(userOf));

/** A directory on a user-service that responds to `?ids=` like this, and the paths of its requests. */
function directory(many: (ids: string[]) => Response) {
  const { fetch, requests } = fakeUserService(async (request) => {
    await new Promise((resolve) => setImmediate(resolve));
    const wanted = new URL(request.url).searchParams.get("ids");
    return wanted === null ? one(idIn(request)) : many(wanted.split(","));
  });
  const paths = () => requests.map(({ url }) => new URL(url).pathname);
  return { paths, ...directoryOn(fetch) };
}

describe("UserDirectory.check() of many users at once", () => {
  test("sends one request to a real user-service, and each caller gets its own result", async () => {
    await using service = await startUserService();
    const mixedIds = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { id } = await createUser(service, { name: "Alice", email: `user${n}@example.com` });
        return n % 2 ? id : idOf(n);
      }),
    );
    const { checkAll, metric } = directoryOn(fetch, { url: service.url });
    expect(await checkAll(mixedIds)).toEqual(
      mixedIds.map((_, n) => (n % 2 ? "exists" : "unknown")),
    );
    expect(await metric(timedAttempts)).toBe(1);
  });

  test("sends one request for up to a hundred users", async () => {
    const { paths, checkAll } = directory(list);
    expect(await checkAll(ids)).toEqual(expected);
    expect(paths().length).toBe(1);
  });

  test.each([
    ["rejects the parameter", () => new Response(null, { status: 422 })],
    ["does not know the path", () => new Response(null, { status: 404 })],
    ["fails at the parameter", () => new Response(null, { status: 500 })],
    ["responds with all its users", () => Response.json([userOf(idOf(999))])],
    ["responds with something else", () => Response.json({ users: [] })],
    ["responds with garbage", () => new Response("garbage")],
  ])("asks a user-service one by one that %s", async (_, many) => {
    const { paths, checkAll } = directory(many);
    expect(await checkAll(ids)).toEqual(expected);
    expect(paths().filter((path) => path === "/users").length).toBe(1);
    const callsBefore = paths().length;
    expect(await checkAll(ids)).toEqual(expected);
    expect(paths().slice(callsBefore)).not.toContain("/users");
  });

  test.each([429, 503, 504])(
    "asks for no user alone where the response to a batch is %i",
    async (status) => {
      const { paths, checkAll } = directory(() => new Response(null, { status }));
      expect(new Set(await checkAll(ids))).toEqual(new Set(["unavailable"]));
      expect(new Set(paths())).toEqual(new Set(["/users"]));
    },
  );

  test("believes an empty list whose first user is not found alone either", async () => {
    const { paths, checkAll } = directory(list);
    const unknown = ids.filter((id) => !exists(id));
    expect(await checkAll(unknown)).toEqual(unknown.map(() => "unknown"));
    expect(paths()).toEqual(["/users", `/users/${unknown[0]}`]);
  });

  test("asks one by one if a user exists that was missing in an empty list", async () => {
    const { checkAll } = directory(() => Response.json([]));
    expect(await checkAll(ids.slice(1))).toEqual(expected.slice(1));
  });

  test("believes no empty list of a service that is not user-service", async () => {
    const { fetch, requests } = fakeUserService(() => Response.json([]));
    const { checkAll } = directoryOn(fetch);
    expect(await checkAll(ids)).toEqual(ids.map(() => "failed"));
    expect(requests).toHaveLength(2);
  });

  test("fails together, and not one by one, if user-service understood `?ids=` before", async () => {
    let isWell = true;
    const { paths, checkAll } = directory((ids) =>
      isWell ? list(ids) : new Response(null, { status: 500 }),
    );
    await checkAll(ids);
    isWell = false;
    const callsBefore = paths().length;
    expect(new Set(await checkAll(ids))).toEqual(new Set(["failed"]));
    expect(paths().length - callsBefore).toBeLessThan(4);
    for (const id of ids.slice(0, 8)) {
      expect(await checkAll([id])).toEqual([exists(id) ? "exists" : "unknown"]);
    }
  });

  test("sends at most 250 requests at a time, of which Bun's fetch would queue none", async () => {
    const inFlight = { now: 0, max: 0 };
    const { fetch } = fakeUserService(async (request) => {
      inFlight.now += 1;
      inFlight.max = Math.max(inFlight.max, inFlight.now);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight.now -= 1;
      return Response.json(userOf(idIn(request))); // to `?ids=` too, so each user is a request
    });
    const many = Array.from({ length: 1000 }, () => Bun.randomUUIDv7());
    expect(new Set(await directoryOn(fetch).checkAll(many))).toEqual(new Set(["exists"]));
    expect(inFlight.max).toBeLessThanOrEqual(250);
  });
});
