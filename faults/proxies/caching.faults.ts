// Varnish with nothing but a backend, which keeps for two minutes whatever does not say otherwise.
import { expect } from "bun:test";
import { createUser, newUser, sending } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import type { Running } from "../../shared/testing/executable.ts";
import { startVarnish } from "./programs.ts";
import type { Proxy } from "./proxy.ts";
import { adapted } from "../support/page.ts";
import { configurationOf } from "./page.ts";
import { testWith } from "../../shared/testing/required-program.ts";

function startCache({ port }: Running): Promise<Proxy> {
  return startVarnish(adapted(configurationOf("vcl"), { '.port = "8000"': `.port = "${port}"` }));
}

testWith("varnishd", "GET /users/{id} shows a change at once, and 404 after DELETE", async () => {
  await using users = await startService("user-service");
  const id = await createUser(users);
  await using cache = await startCache(users);
  const path = `/users/${id}`;
  const before = await cache.fetch(path);
  const tag = before.headers.get("etag") ?? "";
  expect(await before.json()).toMatchObject(newUser(0));
  expect((await cache.fetch(path, sending("PATCH", { name: "B" }))).status).toBe(200);
  expect(await (await cache.fetch(path)).json()).toMatchObject({ name: "B" });
  const revalidated = await cache.fetch(path, { headers: { "if-none-match": tag } });
  expect(revalidated.status).toBe(200);
  await revalidated.body?.cancel();
  const unchanged = { "if-none-match": revalidated.headers.get("etag") ?? "" };
  expect((await cache.fetch(path, { headers: unchanged })).status).toBe(304);
  expect((await cache.fetch(path, { method: "DELETE" })).status).toBe(204);
  expect((await cache.fetch(path)).status).toBe(404);
});

testWith(
  "varnishd",
  "GET /users shows a user that was created after the last request",
  async () => {
    await using users = await startService("user-service");
    await using cache = await startCache(users);
    expect(await (await cache.fetch("/users")).json()).toEqual([]);
    expect((await cache.fetch("/users", sending("POST", newUser(1)))).status).toBe(201);
    expect(await (await cache.fetch("/users")).json()).toHaveLength(1);
  },
);

testWith("varnishd", "GET /ready is 503 as soon as the service drains", async () => {
  await using users = await startService("user-service", { SHUTDOWN_DRAIN_MS: "300000" });
  await using cache = await startCache(users);
  expect((await cache.fetch("/ready")).status).toBe(200);
  users.kill("SIGTERM");
  await users.logged("draining");
  expect((await cache.fetch("/ready")).status).toBe(503);
});

testWith("varnishd", "GET /metrics counts the requests since the last scrape", async () => {
  await using users = await startService("user-service");
  await using cache = await startCache(users);
  const text = async () => await (await cache.fetch("/metrics")).text();
  const series = 'http_requests_total{method="GET",endpoint="/users",status="200"} 1\n';
  expect(await text()).not.toContain(series);
  expect((await cache.fetch("/users")).status).toBe(200);
  expect(await text()).toContain(series);
});
