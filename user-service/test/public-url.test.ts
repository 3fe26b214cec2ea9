// The addresses in responses, with and without PUBLIC_URL.
import { describe, expect, test } from "bun:test";
import { processTests } from "@platform/shared/testing/process-tests";
import { bodyOf, type RunningService } from "@platform/shared/testing/running-service";
import type { User } from "../src/users/user.ts";
import { startUserService } from "./user-service.ts";

const publicUrl = "https://shop.example/api";

/** Creates two users, and returns the addresses that the service sends for them. */
async function addressesFrom({ request }: RunningService, headers: Record<string, string> = {}) {
  const create = (email: string) =>
    request("/users", { headers, json: { name: "Alice", email: `${email}@example.com` } });
  const created = await create("one");
  const { id } = await bodyOf<User>(created);
  await create("two");
  const list = await request("/users?limit=1", { headers });
  return { id, location: created.headers.get("location"), link: list.headers.get("link") };
}

describe("The addresses of user-service", () => {
  test("begin with PUBLIC_URL", async () => {
    await using service = await startUserService({ publicUrl });
    const { id, location, link } = await addressesFrom(service);
    expect(location).toBe(`${publicUrl}/users/${id}`);
    expect(link).toStartWith(`<${publicUrl}/users?limit=1&after=`);
    const document = await bodyOf<{ servers: unknown }>(await service.request("/swagger/json"));
    expect(document.servers).toEqual([{ url: publicUrl }]);
  });

  test("are paths without it, whatever a request says about its host", async () => {
    await using service = await startUserService();
    const { id, location, link } = await addressesFrom(service, {
      host: "evil.example",
      forwarded: "host=evil.example;proto=https",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      "x-forwarded-prefix": "/evil",
    });
    expect(location).toBe(`/users/${id}`);
    expect(link).toStartWith("</users?limit=1&after=");
  });

  test("begin with PUBLIC_URL in the 404 of /, which names the API reference", async () => {
    await using service = await startUserService({ publicUrl });
    const { detail } = await bodyOf(await service.request("/"));
    expect(detail).toBe(`No such path; the API reference is at ${publicUrl}/swagger`);
  });

  test("leave the instance of a problem the path of the request", async () => {
    await using service = await startUserService({ publicUrl });
    const problem = await bodyOf(await service.request("/users/42"));
    expect(problem.instance).toBe("/users/42");
  });
});

describe("PUBLIC_URL of user-service", () => {
  const { start, run } = processTests();

  test("is in the document of the command openapi and of the service, normalised", async () => {
    const env = { PUBLIC_URL: "HTTPS://Shop.Example:443/schöne/" };
    const servers = [{ url: "https://shop.example/sch%C3%B6ne" }];
    const printed = await run("user-service", ["openapi"], { ...env, PORT: "wrong" });
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(printed.stdout)).toMatchObject({ servers });
    await using running = await start("user-service", env);
    expect(await (await running.fetch("/swagger/json")).json()).toMatchObject({ servers });
  });

  test("refuses credentials with one line that does not show them", async () => {
    for (const command of ["serve", "openapi"]) {
      const env = { PUBLIC_URL: "https://bob:secret@shop.example" };
      expect(await run("user-service", [command], env)).toEqual({
        status: 78,
        stdout: "",
        stderr:
          "user-service: Cannot use PUBLIC_URL: it must be an http or https URL without query, " +
          "fragment or credentials, such as https://shop.example/api\n",
      });
    }
  });
});
