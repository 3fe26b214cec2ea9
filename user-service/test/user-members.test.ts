// What a client sends comes back, for every member that a client may send: a member that is added to
// the schemas needs a value here, or this file has a type error. Each engine has statements of its own,
// and PostgreSQL another one for a user with a key.
import { describe, expect, test } from "bun:test";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import type { NewUser, User, UserChange } from "../src/users/user.ts";
import { userServices } from "./user-service.ts";

const created: Required<NewUser> = { name: "Alice", email: "alice@example.com" };
const changes: Required<UserChange> = { name: "Zo\u00eb", email: "zoe@example.org" };
const key = { "idempotency-key": "k-1" };

/** What the lists respond with that have statements of their own, for one user alone in the database. */
function listsOf({ request }: RunningService, { id, email }: User): Promise<User[][]> {
  const queries = [
    "",
    `ids=${id}`,
    `ids=${id}&email=${email}`,
    `email=${email}`,
    "created_after=2020-01-01T00:00:00Z&sort=name",
  ];
  return Promise.all(
    queries.map(async (query) => bodyOf<User[]>(await request(`/users?${query}`))),
  );
}

describe.each(userServices)("user-service on %s", (_, startUserService) => {
  describe.each([
    ["POST /users", {}],
    ["POST /users with an Idempotency-Key", key],
  ])("%s", (_post, headers) => {
    test("keeps every member, which GET /users/{id} and GET /users have", async () => {
      await using service = await startUserService();
      const sent = { json: created, headers };
      const user = await bodyOf<User>(await service.request("/users", sent));
      expect(user).toMatchObject(created);
      expect(await bodyOf<User>(await service.request(`/users/${user.id}`))).toEqual(user);
      for (const list of await listsOf(service, user)) expect(list).toEqual([user]);
    });
  });

  test("POST /users keeps every member of users that are created and read at once", async () => {
    await using service = await startUserService();
    const bodies = [created, { ...created, ...changes }];
    const responses = await Promise.all(bodies.map((json) => service.request("/users", { json })));
    const users = await Promise.all(responses.map((response) => bodyOf<User>(response)));
    expect(users).toMatchObject(bodies);
    const found = await Promise.all(users.map(({ id }) => service.request(`/users/${id}`)));
    expect(await Promise.all(found.map((response) => bodyOf<User>(response)))).toEqual(users);
  });

  test("POST /users with an Idempotency-Key replays every member as it was before a change", async () => {
    await using service = await startUserService();
    const sent = { json: created, headers: key };
    const user = await bodyOf<User>(await service.request("/users", sent));
    await service.request(`/users/${user.id}`, { method: "PATCH", json: changes });
    expect(await bodyOf<User>(await service.request("/users", sent))).toEqual(user);
  });

  describe.each(["PUT", "PATCH"])("%s and GET /users/{id}", (method) => {
    test.each(Object.entries(changes))("keep and change %s", async (member, value) => {
      await using service = await startUserService();
      const user = await bodyOf<User>(await service.request("/users", { json: created }));
      const path = `/users/${user.id}`;
      const sent = { method, json: { [member]: value } };
      const changed = await bodyOf<User>(await service.request(path, sent));
      expect(changed).toEqual({ ...user, [member]: value, updated_at: changed.updated_at });
      expect(changed.updated_at > user.updated_at).toBe(true);
      expect(await bodyOf<User>(await service.request(path))).toEqual(changed);
      // The same change makes no difference now, so the user stays as it is.
      expect(await bodyOf<User>(await service.request(path, sent))).toEqual(changed);
    });
  });
});
