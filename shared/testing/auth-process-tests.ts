// Tests of a service's executable with authentication, as an operator switches it on.
import { describe, expect, test } from "bun:test";
import type { OpenApiDocument } from "../src/openapi/types.ts";
import type { ServiceName } from "./executable.ts";
import { processTests } from "./process-tests.ts";
import { bearer, testIssuer } from "./test-issuer.ts";

/**
 * Tests that the variables of authentication do what they say.
 *
 * @param path of a GET
 * @param scope what a token needs for it
 */
export function testAuthProcesses(service: ServiceName, path: string, scope: string): void {
  const { start, run } = processTests();

  describe(`The executable of ${service}`, () => {
    test("serves a client with a token as soon as it listens, and refuses others", async () => {
      await using issuer = await testIssuer({ algorithm: "RS256" });
      await using process = await start(service, issuer.environment({ AUTH_AUDIENCE: "" }));
      expect(await process.logged("listening")).toMatchObject({ authentication: "enforce" });
      const token = await issuer.token({ aud: service, scope, client_id: "shop" });
      expect((await process.fetch(path, { headers: bearer(token) })).status).toBe(200);
      expect((await process.fetch(path)).status).toBe(401);
      const other = await issuer.token({ aud: "other-service", scope });
      expect((await process.fetch(path, { headers: bearer(other) })).status).toBe(401);
      expect((await process.fetch("/ready")).status).toBe(200);
      const metrics = await (await process.fetch("/metrics")).text();
      expect(metrics).toContain('auth_total{outcome="ok"} 1\n');
      expect(await process.logged("request")).toMatchObject({ status: 200, caller: "shop" });
      process.kill("SIGTERM");
      expect(await process.exited).toBe(0);
      expect(JSON.stringify(process.lines)).not.toContain(token);
    });

    test("finds a new key with the first token that names it, and drops the old one", async () => {
      await using issuer = await testIssuer();
      await using process = await start(service, issuer.environment());
      const old = await issuer.token({ scope });
      expect((await process.fetch(path, { headers: bearer(old) })).status).toBe(200);
      await issuer.rotate("EdDSA");
      await issuer.publish();
      const next = await issuer.token({ scope });
      expect((await process.fetch(path, { headers: bearer(next) })).status).toBe(200);
      expect((await process.fetch(path, { headers: bearer(old) })).status).toBe(401);
    });

    test("accepts no key that the proxy of HTTP_PROXY has for a loopback address", async () => {
      await using issuer = await testIssuer();
      const serve = ({ published }: { published: object }) =>
        Bun.serve({
          port: 0,
          hostname: "127.0.0.1",
          fetch: () => Response.json({ keys: [published] }),
        });
      using provider = serve(issuer.key());
      const real = await issuer.token({ scope });
      await issuer.rotate();
      using proxy = serve(issuer.key());
      const forged = await issuer.token({ scope });
      const AUTH_JWKS = provider.url.href;
      const HTTP_PROXY = proxy.url.href;
      await using process = await start(service, issuer.environment({ AUTH_JWKS, HTTP_PROXY }));
      expect((await process.fetch(path, { headers: bearer(real) })).status).toBe(200);
      expect((await process.fetch(path, { headers: bearer(forged) })).status).toBe(401);
    });

    test("looks at no token, and has no metric of tokens, where authentication is off", async () => {
      await using process = await start(service);
      expect((await process.fetch(path, { headers: bearer("x") })).status).toBe(200);
      expect(await (await process.fetch("/metrics")).text()).not.toContain("auth_total");
    });

    test("prints the document that it serves, with and without authentication", async () => {
      await using issuer = await testIssuer();
      for (const mode of ["enforce", "observe"]) {
        const env = issuer.environment({ AUTH_MODE: mode });
        await using process = await start(service, env);
        const printed = await run(service, ["openapi"], env);
        expect(printed).toMatchObject({ status: 0, stderr: "" });
        const document = JSON.parse(printed.stdout) as OpenApiDocument;
        const served = (await (await process.fetch("/swagger/json")).json()) as OpenApiDocument;
        expect(document).toEqual(served);
        expect("securitySchemes" in document.components).toBe(mode === "enforce");
      }
    });

    test.each(["serve", "openapi"])("%s refuses half a configuration", async (command) => {
      const half = { AUTH_ISSUER: "", AUTH_JWKS: "https://login.example/jwks" };
      expect(await run(service, [command], half)).toEqual({
        status: 78,
        stdout: "",
        stderr: `${service}: Cannot use AUTH_JWKS without AUTH_ISSUER: set both or neither\n`,
      });
    });
  });
}
