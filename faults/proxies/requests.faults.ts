// What a request and its response go through on the way, with the configurations of the page.
import { describe, expect } from "bun:test";
import {
  newOrder,
  newUser,
  sending,
  type Order,
  type User,
} from "../support/platform/resources.ts";
import { openConnection } from "../support/raw-connection.ts";
import { publish, publishers } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";

const maxBodyBytes = 1_048_576;

/** Targets of management routes: as they are, and disguised as something below a public path. */
const hiddenTargets = [
  "/metrics",
  "/ready",
  "/swagger",
  "/users/../metrics",
  "/users/x/../../metrics",
  "/users/%2e%2e/metrics",
  String.raw`/users\..\metrics`,
  String.raw`/users/x\..\..\metrics`,
  "/orders/..%2fmetrics",
  "/./metrics",
  "//metrics",
];

describe.each(publishers)("the page's configuration", (program) => {
  testWith(program, "a user and an order are created, read, changed and listed", async () => {
    await using published = await publish(program);
    const { proxy } = published;
    const user = await proxy.fetch("/users", sending("POST", newUser(1)));
    expect(user.status).toBe(201);
    const { id } = (await user.json()) as User;
    const request = sending("POST", newOrder(id, 1), { "idempotency-key": "k" });
    const placed = await proxy.fetch("/orders", request);
    expect(placed.status).toBe(201);
    const order = (await placed.json()) as Order;
    const path = `/orders/${order.id}`;
    const moved = await proxy.fetch(path, sending("PATCH", { status: "confirmed" }));
    expect(moved.status).toBe(200);
    const listed = await proxy.fetch(`/orders?user_id=${id}`);
    expect(await listed.json()).toEqual([await (await proxy.fetch(path)).json()]);
    expect((await proxy.fetch(`/users/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await proxy.fetch(`/users/${id}`)).status).toBe(404);
  });

  testWith(program, "X-Request-Id reaches the service, and comes back to the client", async () => {
    await using published = await publish(program);
    const { proxy, platform } = published;
    const headers = { "x-request-id": "from-the-client" };
    const response = await proxy.fetch("/users", { headers });
    expect(response.headers.get("x-request-id")).toBe("from-the-client");
    await response.body?.cancel();
    expect(await platform.users.logged("request")).toMatchObject({
      request_id: "from-the-client",
    });
  });

  testWith(program, "a body over MAX_BODY_BYTES is refused with a problem document", async () => {
    await using published = await publish(program);
    const { proxy } = published;
    const refused = await proxy.fetch(
      "/users",
      sending("POST", { ...newUser(1), name: "A".repeat(maxBodyBytes) }),
    );
    expect([refused.status, refused.headers.get("content-type")]).toEqual([
      413,
      "application/problem+json",
    ]);
    const padding = " ".repeat(maxBodyBytes - JSON.stringify(newUser(1)).length);
    const accepted = await proxy.fetch("/users", {
      ...sending("POST", {}),
      body: JSON.stringify(newUser(1)) + padding,
    });
    expect(accepted.status).toBe(201);
  });

  testWith(
    program,
    "management routes are not public, however their target is written",
    async () => {
      await using published = await publish(program);
      const { proxy } = published;
      const found: Record<string, number | undefined> = {};
      for (const target of hiddenTargets) {
        using connection = await openConnection(proxy.port);
        await connection.write(
          `GET ${target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`,
        );
        const { status } = await connection.response();
        if (status !== 400 && status !== 404 && status !== 422) found[target] = status;
      }
      expect(found).toEqual({});
    },
  );
});

testWith("nginx", "a body over client_max_body_size is refused by nginx, in HTML", async () => {
  await using published = await publish("nginx");
  const body = "A".repeat(2 * maxBodyBytes + 1);
  const refused = await published.proxy.fetch("/users", sending("POST", { name: body }));
  expect([refused.status, refused.headers.get("content-type")]).toEqual([413, "text/html"]);
});
