// What a client sends comes back, for every member that a client may send: a member that is added to
// the schemas needs a value here, or this file has a type error.
import { describe, expect, test } from "bun:test";
import { bodyOf } from "@platform/shared/testing/running-service";
import type { NewUser, User, UserChange } from "../src/users/user.ts";
import { startUserService } from "./user-service.ts";

const created: Required<NewUser> = { name: "Alice", email: "alice@example.com" };
const changes: Required<UserChange> = { name: "Zo\u00eb", email: "zoe@example.org" };

describe.each(["PUT", "PATCH"])("POST /users, then %s and GET /users/{id}", (method) => {
  test.each(Object.entries(changes))("keeps and changes %s", async (member, value) => {
    await using service = await startUserService();
    const user = await bodyOf<User>(await service.request("/users", { json: created }));
    expect(user).toMatchObject(created);
    const path = `/users/${user.id}`;
    expect(await bodyOf<User>(await service.request(path))).toEqual(user);

    const sent = { method, json: { [member]: value } };
    const changed = await bodyOf<User>(await service.request(path, sent));
    expect(changed).toEqual({ ...user, [member]: value, updated_at: changed.updated_at });
    expect(changed.updated_at > user.updated_at).toBe(true);
    expect(await bodyOf<User>(await service.request(path))).toEqual(changed);
    // The same change makes no difference now, so the user stays as it is.
    expect(await bodyOf<User>(await service.request(path, sent))).toEqual(changed);
  });
});
