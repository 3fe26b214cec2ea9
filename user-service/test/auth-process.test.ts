import { expect, test } from "bun:test";
import { testAuthProcesses } from "@platform/shared/testing/auth-process-tests";
import { processTests } from "@platform/shared/testing/process-tests";
import { bearer, testIssuer } from "@platform/shared/testing/test-issuer";

testAuthProcesses("user-service", "/users", "users:read");

const { start } = processTests();

test("user-service lets another service look users up by a token of a second issuer", async () => {
  await using issuer = await testIssuer();
  await using platform = await testIssuer({ issuer: "https://kubernetes.test" });
  const sub = "system:serviceaccount:shop:order-service";
  await using process = await start("user-service", {
    ...issuer.environment(),
    AUTH_SERVICE_ISSUER: platform.issuer,
    AUTH_SERVICE_JWKS: platform.jwks,
    AUTH_SERVICE_SUBJECT: sub,
  });
  const headers = bearer(await platform.token({ sub, scope: "users:write" }));
  const path = "/users/01936f5e-8a3c-7c4e-9d2b-6f1a0e5c7b42";
  expect((await process.fetch(path, { headers })).status).toBe(404);
  expect((await process.fetch(path, { method: "DELETE", headers })).status).toBe(403);
});
