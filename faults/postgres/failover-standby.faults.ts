// Commits that wait for a standby of PostgreSQL that is away. The server itself ends no such wait.
import { describe, expect, test } from "bun:test";
import { hasPostgres } from "../../shared/testing/postgres.ts";
import { bodyOfStatus, fetchClient } from "../support/clients.ts";
import {
  createUser,
  newOrder,
  newUser,
  type Order,
  type User,
} from "../support/platform/resources.ts";
import { startProbes } from "../support/platform/probes.ts";
import { startCluster } from "./failover-cluster.ts";

/** No response takes longer, with what a busy machine adds, in ms. */
const maxResponseMs = 6000;

describe.if(hasPostgres)("while the standby is away that commits wait for", () => {
  test("POST is 503 in time, reads go on, and the key finds what was stored later", async () => {
    await using cluster = await startCluster();
    const { users, orders } = cluster.platform;
    await using probes = startProbes([users, orders]);
    await probes.until(true);
    const buyer = await createUser(users, 0);
    const requests = [
      { send: fetchClient(users.url), path: "/users", json: newUser(1) },
      { send: fetchClient(orders.url), path: "/orders", json: newOrder(buyer, 1) },
    ].map((request) => ({ ...request, headers: { "idempotency-key": `key-of-${request.path}` } }));

    await cluster.standby.freeze();
    for (const { send, path, json, headers } of requests) {
      const sentAt = performance.now();
      const response = await send("POST", path, { json, headers });
      expect(performance.now() - sentAt).toBeLessThan(maxResponseMs);
      expect(bodyOfStatus(response, 503)).toMatchObject({
        code: "storage-unavailable",
        detail: expect.stringContaining("may have been stored"),
      });
      expect(response.headers.get("retry-after")).toMatch(/^[1-9]/);
      // The server holds the key for the write that waits: a repeat must not do it again.
      const repeated = await send("POST", path, { json, headers });
      expect(repeated.status === 409 || repeated.status === 503).toBe(true);
      expect(bodyOfStatus(await send("GET", path), 200)).toBeArray();
    }

    cluster.standby.thaw();
    for (const { send, path, json, headers } of requests) {
      let response = await send("POST", path, { json, headers });
      while (response.status === 409 || response.status === 503) {
        await Bun.sleep(100);
        response = await send("POST", path, { json, headers });
      }
      const { id } = bodyOfStatus(response, 201) as User | Order;
      expect(response.headers.get("idempotent-replayed")).toBe("true");
      const all = bodyOfStatus(await send("GET", path), 200) as (User | Order)[];
      expect(all.map((each) => each.id).filter((each) => each !== buyer)).toEqual([id]);
    }
    probes.expectAlive();
  });
});
