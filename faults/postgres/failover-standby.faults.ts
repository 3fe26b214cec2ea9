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
import { amount } from "../support/scale.ts";
import { startCluster } from "./failover-cluster.ts";
import { mostSessions } from "./most-sessions.ts";

/** No response takes longer, with what a busy machine adds, in ms. */
const maxResponseMs = 6000;

/** The longest time from the standby's return until writes are stored, in ms. */
const maxReturnMs = 5000;

/** How often each client tries to write while the standby is away. */
const rounds = amount({ full: 20, fast: 6 });

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

  test("sessions do not pile up, writes are refused before they are sent, and reads are served", async () => {
    // A read, and the two writes of a round.
    const poolSize = 3;
    await using cluster = await startCluster({ DATABASE_POOL_SIZE: String(poolSize) });
    const { users, orders } = cluster.platform;
    await using probes = startProbes([users, orders]);
    await probes.until(true);
    const send = { users: fetchClient(users.url), orders: fetchClient(orders.url) };
    const buyer = await createUser(users, 0);
    const { id } = bodyOfStatus(
      await send.orders("POST", "/orders", { json: newOrder(buyer, 0) }),
      201,
    ) as Order;
    await using admin = cluster.primary.admin();
    /** The names in the writes that were refused before they were sent. */
    const refused: string[] = [];

    await cluster.standby.freeze();
    for (let round = 1; round <= rounds; round += 1) {
      const responses = await Promise.all([
        send.users("POST", "/users", { json: newUser(round) }),
        send.users("PATCH", `/users/${buyer}`, { json: { name: `Buyer ${round}` } }),
        send.orders("POST", "/orders", { json: newOrder(buyer, round) }),
        send.orders("PATCH", `/orders/${id}`, { json: { status: "confirmed" } }),
      ]);
      const isSent = responses.map((response) => {
        expect(response.headers.get("retry-after")).toMatch(/^[1-9]/);
        const { code, detail } = bodyOfStatus(response, 503) as { code: string; detail: string };
        expect(code).toBe("storage-unavailable");
        return detail.endsWith("may have been stored");
      });
      if (round > 1) expect(isSent).toEqual([false, false, false, false]);
      if (!isSent[0]) refused.push(newUser(round).name);
      if (!isSent[1]) refused.push(`Buyer ${round}`);
      for (const each of [users, orders]) {
        expect((await each.fetch("/ready")).status).toBe(200);
      }
      bodyOfStatus(await send.users("GET", `/users/${buyer}`), 200);
      bodyOfStatus(await send.orders("GET", `/orders/${id}`), 200);
      // Those that wait for the standby, those of the pool, and one that looks whether it is back.
      expect(await mostSessions(admin)).toBeLessThanOrEqual(2 * poolSize + 1);
    }

    cluster.standby.thaw();
    const thawedAt = performance.now();
    for (const { from, method, path, json } of [
      { from: send.users, method: "POST", path: "/users", json: newUser(rounds + 1) },
      { from: send.orders, method: "POST", path: "/orders", json: newOrder(buyer, rounds + 1) },
    ]) {
      let response = await from(method, path, { json });
      while (response.status === 503) {
        await Bun.sleep(100);
        response = await from(method, path, { json });
      }
      bodyOfStatus(response, 201);
    }
    expect(performance.now() - thawedAt).toBeLessThan(maxReturnMs + 3 * probes.slowestMs);
    const all = bodyOfStatus(await send.users("GET", "/users"), 200) as User[];
    expect(all.filter(({ name }) => refused.includes(name))).toEqual([]);
    // The log tells it once, however many writes are refused and reads succeed meanwhile.
    const lines = users.lines.filter(({ msg }) => String(msg).startsWith("database "));
    expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
      ["database cannot be reached", "the server does not answer"],
      ["database cannot be reached", expect.stringContaining("synchronous_standby_names")],
      ["database reached", undefined],
    ]);
    probes.expectAlive();
  });
});
