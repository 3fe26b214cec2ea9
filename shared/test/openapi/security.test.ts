// The API document of a service that needs tokens.
import { describe, expect, test } from "bun:test";
import type { OpenApiDocument } from "../../src/openapi/types.ts";
import { documentErrors } from "../../testing/document-check.ts";
import { bodyOf } from "../../testing/running-service.ts";
import { startSample } from "../../testing/sample-service.ts";
import { testIssuer } from "../../testing/test-issuer.ts";

/** The document at `/swagger/json` of a service with these variables beside those of an issuer. */
async function documentOf(variables?: Record<string, string>): Promise<OpenApiDocument> {
  await using issuer = await testIssuer();
  const auth = variables === undefined ? {} : issuer.environment(variables);
  await using service = await startSample({ auth });
  return bodyOf<OpenApiDocument>(await service.request("/swagger/json"));
}

describe("GET /swagger/json of a service that needs tokens", () => {
  test("is valid OpenAPI that documents every route with fitting examples", async () => {
    expect(await documentErrors(await documentOf({}))).toEqual([]);
  });

  test("has a scheme for Bearer tokens, by which Swagger UI offers to authorize", async () => {
    const { components, security, paths } = await documentOf({});
    expect(components.securitySchemes).toEqual({
      bearer: {
        type: "http",
        scheme: "bearer",
        bearerFormat: "JWT",
        description: expect.any(String),
      },
    });
    expect(security).toEqual([]);
    expect(paths["/notes/{id}"]?.get?.security).toEqual([{ bearer: ["notes:read"] }]);
    expect(paths["/notes/{id}"]?.head?.security).toEqual([{ bearer: ["notes:read"] }]);
    expect(paths["/notes"]?.post?.security).toEqual([{ bearer: ["notes:write"] }]);
  });

  test("says nothing of tokens at management routes", async () => {
    const { paths } = await documentOf({});
    for (const path of ["/health", "/ready", "/metrics", "/swagger", "/swagger/json"]) {
      const operation = paths[path]?.get;
      expect(operation?.operationId).toBeString();
      expect(operation).not.toHaveProperty("security");
      expect(operation?.responses).not.toHaveProperty("401");
    }
  });

  test("has the refusals with their header field", async () => {
    const { paths } = await documentOf({});
    const { responses = {} } = paths["/notes/{id}"]?.get ?? {};
    const required = { $ref: "#/components/headers/WWW-Authenticate" };
    for (const status of [400, 401, 403]) {
      expect(responses[status]?.headers).toHaveProperty("WWW-Authenticate", required);
    }
    const codes = (status: number) =>
      Object.values(responses[status]?.content ?? {}).flatMap(({ examples = {} }) =>
        Object.values(examples).map(({ value }) => value),
      );
    expect(codes(401)).toMatchObject([{ code: "unauthenticated" }, { code: "invalid-token" }]);
    expect(codes(403)).toMatchObject([{ code: "insufficient-scope" }]);
    expect(codes(503)).toContainEqual(
      expect.objectContaining({ code: "identity-provider-unavailable" }),
    );
  });

  test("is the one without authentication where it only observes", async () => {
    const [off, observing] = [await documentOf(), await documentOf({ AUTH_MODE: "observe" })];
    expect(observing).toEqual(off);
    expect(JSON.stringify(off)).not.toMatch(/bearer|WWW-Authenticate|"401"|"403"|unauthenticated/i);
  });
});
