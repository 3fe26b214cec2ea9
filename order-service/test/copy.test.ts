// Orders that are copied from one engine to the other: what clients keep.
import { describe, expect, test } from "bun:test";
import type { Running } from "@platform/shared/testing/executable";
import { hasPostgres, postgresDatabase } from "@platform/shared/testing/postgres";
import { processTests } from "@platform/shared/testing/process-tests";
import { sending } from "@platform/shared/testing/work-counter";
import type { Order } from "../src/orders/order.ts";

const { start, run } = processTests();
const service = "order-service";

/** The n-th order: of 1 to 3 items, whose order a client sees. */
const orderOf = (userId: string, n: number) => ({
  user_id: userId,
  items: Array.from({ length: 1 + (n % 3) }, (_, item) => ({
    sku: `Ü-${9 - item} "${n}"`,
    quantity: 1 + item,
    unit_price: 0.07 + n,
  })),
});

/** A response as a client keeps it. */
async function seen(running: Running, url: string, init?: RequestInit) {
  const response = await running.fetch(url, init);
  const { status, headers } = response;
  const next = /^<([^>]+)>/.exec(headers.get("link") ?? "")?.[1];
  return { status, etag: headers.get("etag"), next, body: (await response.json()) as Order };
}

describe.if(hasPostgres)("copy-to", () => {
  test.each(["PostgreSQL", "SQLite"])(
    "to %s keeps orders with their items, pages, tags, and keys with their responses",
    async (engine) => {
      await using database = await postgresDatabase();
      const urls = { SQLite: "sqlite:orders.db", PostgreSQL: database.url };
      const isThere = engine === "PostgreSQL";
      const from = isThere ? urls.SQLite : urls.PostgreSQL;
      const to = isThere ? urls.PostgreSQL : urls.SQLite;
      await using users = await start("user-service");
      const alice = sending("POST", { name: "Alice", email: "alice@example.com" });
      const { id: userId } = (await (await users.fetch("/users", alice)).json()) as { id: string };
      const env = (url: string) => ({ DATABASE_URL: url, USER_SERVICE_URL: users.url });

      const old = await start(service, env(from));
      const requests = Array.from({ length: 6 }, (_, n) =>
        sending("POST", orderOf(userId, n), { "idempotency-key": `key-${n}` }),
      );
      const placed = await Promise.all(requests.map((request) => seen(old, "/orders", request)));
      const [first] = placed;
      const change = (status: string) =>
        sending("PATCH", { status }, { "if-match": first?.etag ?? "" });
      const changed = await seen(old, `/orders/${first?.body.id}`, change("confirmed"));
      const lists = [`/orders?user_id=${userId}&limit=4`, "/orders?limit=4&sort=-created_at"];
      const halves = await Promise.all(lists.map((list) => seen(old, list)));
      const rest = await Promise.all(halves.map(({ next = "" }) => seen(old, next)));
      // The first response of each, with the tag of what it is now.
      const repeated = await Promise.all(requests.map((init) => seen(old, "/orders", init)));
      old.kill("SIGTERM");
      await old.exited;

      const copied = await run(service, ["copy-to", to], { DATABASE_URL: from });
      expect(copied).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("\norders: 6 rows with 12 child rows, "),
      });
      await using running = await start(service, env(to));
      expect(await Promise.all(halves.map(({ next = "" }) => seen(running, next)))).toEqual(rest);
      const replayed = await Promise.all(requests.map((init) => seen(running, "/orders", init)));
      expect(replayed).toEqual(repeated);
      const { id } = changed.body;
      expect(await seen(running, `/orders/${id}`)).toEqual({ ...changed, next: undefined });
      expect((await seen(running, `/orders/${id}`, change("shipped"))).status).toBe(412);
    },
  );
});
