import { expect, test } from "bun:test";
import { startOpenIdProvider } from "@platform/shared/testing/openid-provider";
import { bodyOf } from "@platform/shared/testing/running-service";
import { bearer } from "@platform/shared/testing/test-issuer";
import type { User } from "../src/users/user.ts";
import { startUserService } from "./user-service.ts";

test("user-service accepts a program and a person of an OpenID provider, each for what is theirs", async () => {
  await using provider = await startOpenIdProvider();
  await using service = await startUserService({
    auth: {
      AUTH_ISSUER: provider.issuer,
      AUTH_JWKS: provider.jwks,
      AUTH_USER_CLAIM: "user_id",
    },
  });
  const create = async (name: string) => {
    const headers = bearer(await provider.programToken("user-service", "users:write"));
    const json = { name, email: `${name}@example.com` };
    return bodyOf<User>(await service.request("/users", { json, headers }));
  };
  const [alice, bob] = [await create("alice"), await create("bob")];
  const statusOf = async (token: string, id: string, method = "GET") =>
    (await service.request(`/users/${id}`, { method, headers: bearer(token) })).status;

  const reader = await provider.programToken("user-service", "users:read");
  expect(await statusOf(reader, bob.id)).toBe(200);
  expect(await statusOf(reader, bob.id, "DELETE")).toBe(403);
  const other = await provider.programToken("order-service", "users:read");
  expect(await statusOf(other, bob.id)).toBe(401);
  await using stranger = await startOpenIdProvider();
  const foreign = await stranger.programToken("user-service", "users:read");
  expect(await statusOf(foreign, bob.id)).toBe(401);

  const person = await provider.personToken("user-service", "users:read", alice.id);
  expect(await statusOf(person, alice.id)).toBe(200);
  expect(await statusOf(person, bob.id)).toBe(404);
  expect(await statusOf(person, alice.id, "DELETE")).toBe(403);
});
