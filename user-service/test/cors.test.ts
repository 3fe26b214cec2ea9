// CORS_ORIGINS as an operator sets it.
import { expect, test } from "bun:test";
import { processTests } from "@platform/shared/testing/process-tests";

const { start, run } = processTests();
const origin = "https://shop.example";

test("CORS_ORIGINS lets a browser of an origin that it lists change a user", async () => {
  await using service = await start("user-service", {
    CORS_ORIGINS: "http://localhost:3000, HTTPS://Shop.Example:443/",
  });
  const path = "/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
  const headers = { origin, "access-control-request-method": "PATCH" };
  const preflight = await service.fetch(path, { method: "OPTIONS", headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
  expect(preflight.headers.get("access-control-allow-methods")).toBe(
    "DELETE, GET, HEAD, PATCH, PUT",
  );
  const list = await service.fetch("/users", { headers: { origin } });
  expect(list.headers.get("access-control-allow-origin")).toBe(origin);
});

test("CORS_ORIGINS refuses a wildcard with one line", async () => {
  for (const CORS_ORIGINS of ["*", "https://*.shop.example", `${origin},null`]) {
    expect(await run("user-service", ["serve"], { CORS_ORIGINS })).toEqual({
      status: 78,
      stdout: "",
      stderr:
        "user-service: Cannot use CORS_ORIGINS: it must be a comma-separated list of http or https " +
        "origins without *, such as https://shop.example,http://localhost:3000\n",
    });
  }
});
