import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { createUser, startUserService } from "./user-service.ts";

const unknownId = "01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";

describe.each(["PUT", "PATCH"])("%s /users/{id}", (method) => {
  test("what is left out stays", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const response = await service.request(`/users/${user.id}`, {
      method,
      json: { name: "Alicia" },
    });
    expect(response.status).toBe(200);
    const changed = await bodyOf<User>(response);
    expect(changed).toEqual({ ...user, name: "Alicia", updated_at: changed.updated_at });
    expect(changed.updated_at > user.updated_at).toBe(true);
    expect(await (await service.request(`/users/${user.id}`)).json()).toEqual(changed);
  });

  test("a change without a difference leaves the user and its tag as they were", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const before = await service.request(`/users/${user.id}`);
    for (const json of [{}, { name: user.name }, { unknown: 1 }]) {
      const response = await service.request(`/users/${user.id}`, { method, json });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual(user);
      expect(response.headers.get("etag")).toBe(before.headers.get("etag"));
    }
  });

  test("nobody can take another user's address, but can write their own anew", async () => {
    await using service = await startUserService();
    const alice = await createUser(service);
    await createUser(service, { name: "Bob", email: "bob@example.com" });
    const taken = await service.request(`/users/${alice.id}`, {
      method,
      json: { email: "BOB@example.com" },
    });
    expect(taken.status).toBe(409);
    expect(await taken.json()).toMatchObject({ detail: "Email already registered" });

    const own = await service.request(`/users/${alice.id}`, {
      method,
      json: { email: "ALICE@example.com" },
    });
    expect(own.status).toBe(200);
    expect(await own.json()).toMatchObject({ email: "ALICE@example.com" });
  });

  test("a user that does not exist cannot be changed", async () => {
    await using service = await startUserService();
    const response = await service.request(`/users/${unknownId}`, { method, json: { name: "A" } });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: "User not found" });
  });

  test("a change made on an outdated view is refused, and changes nothing", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const path = `/users/${user.id}`;
    const etag = (await service.request(path)).headers.get("etag") ?? "";
    const first = await service.request(path, {
      method,
      headers: { "if-match": etag },
      json: { name: "First" },
    });
    expect(first.status).toBe(200);
    const second = await service.request(path, {
      method,
      headers: { "if-match": etag },
      json: { name: "Second" },
    });
    expect(second.status).toBe(412);
    expect(await (await service.request(path)).json()).toMatchObject({ name: "First" });
  });

  test("a change that If-None-Match rules out is refused", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    for (const [known, status] of [
      ["*", 412],
      ['"other"', 200],
      ["malformed", 200],
    ] as const) {
      const response = await service.request(`/users/${user.id}`, {
        method,
        headers: { "if-none-match": known },
        json: { name: "Alicia" },
      });
      expect(response.status).toBe(status);
    }
  });

  test("faults of path, header and body come in one answer", async () => {
    await using service = await startUserService();
    const response = await service.request("/users/no-uuid", {
      method,
      headers: { "if-match": "unquoted" },
      json: { name: "", email: 1 },
    });
    expect(response.status).toBe(422);
    expect((await bodyOf(response)).errors).toEqual([
      { parameter: "id", detail: expect.any(String) },
      { header: "If-Match", detail: expect.any(String) },
      { pointer: "#/name", detail: expect.any(String) },
      { pointer: "#/email", detail: expect.any(String) },
    ]);
  });
});

test("changes within one millisecond, or after the clock was set back, have tags of their own", async () => {
  let time = 1_800_000_000_000;
  await using service = await startUserService({ now: () => time });
  const user = await createUser(service);
  const tags = new Set<string | null>();
  for (const [name, step] of [
    ["A", 0],
    ["B", 0],
    ["C", -60_000],
  ] as const) {
    time += step;
    const response = await service.request(`/users/${user.id}`, {
      method: "PATCH",
      json: { name },
    });
    tags.add(response.headers.get("etag"));
  }
  expect(tags.size).toBe(3);
});

describe("DELETE /users/{id}", () => {
  test("a deleted user is gone, and its address is free", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const deleted = await service.request(`/users/${user.id}`, { method: "DELETE" });
    expect(deleted.status).toBe(204);
    expect(await deleted.text()).toBe("");
    for (const method of ["GET", "DELETE"]) {
      const response = await service.request(`/users/${user.id}`, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ detail: "User not found" });
    }
    await createUser(service);
  });

  test("a body means nothing, of whatever size and kind", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const deleted = await service.request(`/users/${user.id}`, {
      method: "DELETE",
      body: "x".repeat(2_000_000),
    });
    expect(deleted.status).toBe(204);
  });

  test("a user that has changed since is not deleted", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const stale = await service.request(`/users/${user.id}`, {
      method: "DELETE",
      headers: { "if-match": '"other"' },
    });
    expect(stale.status).toBe(412);
    expect((await service.request(`/users/${user.id}`)).status).toBe(200);
  });
});

describe("GET /users/{id}", () => {
  test("a client that has the present state is told so without a body", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const etag = (await service.request(`/users/${user.id}`)).headers.get("etag") ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await service.request(`/users/${user.id}`, {
        headers: { "if-none-match": known },
      });
      expect(response.status).toBe(304);
      expect(response.headers.get("etag")).toBe(etag);
      expect(await response.text()).toBe("");
    }
    for (const unknown of ['"other"', "malformed", ""]) {
      const response = await service.request(`/users/${user.id}`, {
        headers: { "if-none-match": unknown },
      });
      expect(response.status).toBe(200);
    }
  });

  test("an id can be written in upper case, and in no other spelling", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const found = await service.request(`/users/${user.id.toUpperCase()}`);
    expect(await found.json()).toEqual(user);
    for (const id of [
      "1",
      user.id.replaceAll("-", ""),
      `urn:uuid:${user.id}`,
      `${user.id}x`,
      "%zz",
    ]) {
      const response = await service.request(`/users/${id}`);
      expect(response.status).toBe(422);
      expect((await bodyOf(response)).errors).toEqual([
        { parameter: "id", detail: expect.any(String) },
      ]);
    }
  });

  test("HEAD tells what GET would, without a body", async () => {
    await using service = await startUserService();
    const user = await createUser(service);
    const get = await service.request(`/users/${user.id}`);
    const head = await service.request(`/users/${user.id}`, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    for (const field of ["etag", "content-type", "content-length"]) {
      expect(head.headers.get(field)).toBe(get.headers.get(field));
    }
  });
});
