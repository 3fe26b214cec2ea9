// Tags that a client gets through a compressing proxy, and sends back in If-Match.
import { describe, expect } from "bun:test";
import { createUser, newUser, sending, type User } from "../support/platform/resources.ts";
import { publish, publishers } from "./published.ts";
import { testWith } from "../../shared/testing/required-program.ts";

/** Sent by browsers and by most HTTP libraries. */
const compressed = { "accept-encoding": "gzip" };

/** A user whose name makes every proxy compress the response. */
const longName = "A".repeat(100);

describe.each(publishers)("the page's configuration", (program) => {
  testWith(program, "PATCH succeeds with the tag of a response to GET or POST", async () => {
    await using published = await publish(program);
    const { proxy } = published;
    const posted = await proxy.fetch(
      "/users",
      sending("POST", { ...newUser(1), name: longName }, compressed),
    );
    expect(posted.status).toBe(201);
    const { id } = (await posted.json()) as User;
    const tags = [posted, await proxy.fetch(`/users/${id}`, { headers: compressed })].map(
      ({ headers }) => headers.get("etag") ?? "",
    );
    expect(tags).toEqual([tags[0] ?? "", tags[0] ?? ""]);
    expect(tags[0]).toStartWith('"');
    const ifMatch = { "if-match": tags[0] ?? "" };
    const patched = await proxy.fetch(`/users/${id}`, sending("PATCH", { name: "B" }, ifMatch));
    expect([patched.status, await patched.json()]).toEqual([
      200,
      expect.objectContaining({ name: "B" }),
    ]);
  });

  testWith(program, "GET /users is compressed, and read by fetch", async () => {
    await using published = await publish(program);
    const { proxy, platform } = published;
    for (let n = 0; n < 10; n += 1) await createUser(platform.users, n);
    const response = await proxy.fetch("/users", { headers: compressed });
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(await response.json()).toHaveLength(10);
  });
});
