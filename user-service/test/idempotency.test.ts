import { describe, expect, test } from "bun:test";
import { heldCall } from "@platform/shared/testing/held-call";
import { testIdempotencyRules } from "@platform/shared/testing/idempotency-rules";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { createUser, userServices } from "./user-service.ts";

const alice = { name: "Alice", email: "alice@example.com" };
const bob = { name: "Bob", email: "bob@example.com" };

describe.each(userServices)("user-service on %s", (_, startUserService) => {
  testIdempotencyRules({
    path: "/users",
    body: alice,
    respelled: { extra: true, email: " alice@EXAMPLE.com", name: "\tAlice " },
    otherBody: { ...alice, email: "Alice@example.org" },
    invalidBody: { ...alice, name: "" },
    change: { name: "Alicia", email: "alicia@example.com" },
    start: startUserService,
    async startHeld() {
      const { call, called, finish } = heldCall<undefined>();
      const service = await startUserService({
        wrap: (users) => ({
          ...users,
          async create(user, claim) {
            await call();
            return users.create(user, claim);
          },
        }),
      });
      return { ...service, called, finish: () => finish(undefined) };
    },
    async startRefusing() {
      const service = await startUserService();
      const { id } = await createUser(service, { ...alice, name: "Eve" });
      return {
        ...service,
        async relent() {
          expect((await service.request(`/users/${id}`, { method: "DELETE" })).status).toBe(204);
        },
      };
    },
    refusalStatus: 409,
  });

  const post = ({ request }: RunningService, json: unknown = alice) =>
    request("/users", { json, headers: { "idempotency-key": "k-1" } });

  /** What the database keeps of the one key, but for the key itself. */
  async function rowOfKey({ query }: RunningService) {
    const [row] = await query("SELECT fingerprint, resource_id FROM idempotency_keys");
    return row as { fingerprint: unknown; resource_id: unknown } | undefined;
  }

  describe("POST /users with an Idempotency-Key", () => {
    test("is 404 once the user was deleted, also with another body, and creates no second user", async () => {
      await using service = await startUserService();
      const { id } = await bodyOf<User>(await post(service));
      await service.request(`/users/${id}`, { method: "DELETE" });
      for (const json of [alice, bob]) {
        const refused = await bodyOf(await post(service, json));
        const detail = "User not found";
        expect(refused).toMatchObject({ status: 404, code: "user-not-found", detail });
      }
      expect(await (await service.request("/users")).json()).toEqual([]);
      // Another user may have the address by now.
      await createUser(service, alice);
      expect((await post(service)).status).toBe(404);
    });

    test("keeps nothing in the database that shows the user, and nothing at all once it was deleted", async () => {
      await using service = await startUserService();
      const { id } = await bodyOf<User>(await post(service));
      const fingerprint = expect.stringMatching(/^[0-9a-f]{64}$/);
      expect(await rowOfKey(service)).toEqual({ fingerprint, resource_id: id });
      await service.request(`/users/${id}`, { method: "DELETE" });
      expect(await rowOfKey(service)).toEqual({ fingerprint: null, resource_id: null });
    });

    test("erases what the key keeps, whatever program deletes the user", async () => {
      await using service = await startUserService();
      await post(service);
      await service.query("DELETE FROM users");
      expect(await rowOfKey(service)).toEqual({ fingerprint: null, resource_id: null });
      expect((await post(service)).status).toBe(404);
    });

    test("digests one request differently in each database", async () => {
      await using one = await startUserService({ hasOwnSecrets: true });
      await using other = await startUserService({ hasOwnSecrets: true });
      for (const service of [one, other]) expect((await post(service)).status).toBe(201);
      expect((await rowOfKey(one))?.fingerprint).not.toBe((await rowOfKey(other))?.fingerprint);
    });

    test("replays the first name and address although another user has that address by now", async () => {
      await using service = await startUserService();
      const first = await bodyOf<User>(await post(service));
      const change = { method: "PATCH", json: { email: "moved@example.com" } };
      await service.request(`/users/${first.id}`, change);
      await createUser(service, { ...alice, name: "Namesake" });
      const replay = await post(service);
      expect(replay.status).toBe(201);
      expect(await bodyOf<User>(replay)).toEqual(first);
    });

    test("is 409 without the key, as before: only the key tells a repeat from a second user", async () => {
      await using service = await startUserService();
      await post(service);
      const response = await service.request("/users", { json: alice });
      expect(await bodyOf(response)).toMatchObject({ status: 409, code: "email-taken" });
    });
  });
});
