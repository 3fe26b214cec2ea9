import { describe, expect, test } from "bun:test";
import { routeAccess } from "../../src/http/route-access.ts";
import { routeDocs } from "../../src/openapi/route-docs.ts";

const docs = { operationId: "x", summary: "X", tag: "letters" };
const route = (detail: object | undefined, path = "/letters/:id") => ({
  method: "GET",
  path,
  hooks: { detail },
});
const isManagementPath = (path: string) => path === "/health";

describe("routeAccess()", () => {
  test("finds what a route declares, also for HEAD", () => {
    const declared = routeDocs({ ...docs, scope: ["letters:read", "letters:write"] });
    const accessOf = routeAccess([route(declared)], isManagementPath);
    for (const method of ["GET", "HEAD"]) {
      expect(accessOf({ method, route: "/letters/{id}" })).toEqual({
        scopes: ["letters:read", "letters:write"],
        isForPrograms: false,
      });
    }
    expect(accessOf({ method: "PUT", route: "/letters/{id}" })).toBeUndefined();
  });

  test("refuses an app with a route that declares no scope, for which any token would do", () => {
    const forgotten = [undefined, routeDocs(docs), { scope: "" }, { scope: [] }, { scope: 1 }];
    for (const detail of forgotten) {
      expect(() => routeAccess([route(detail)], isManagementPath)).toThrow(
        "GET /letters/:id declares no scope: give one to its routeDocs()",
      );
    }
  });

  test("leaves management routes out, which need no token", () => {
    const accessOf = routeAccess([route(undefined, "/health")], isManagementPath);
    expect(accessOf({ method: "GET", route: "/health" })).toBeUndefined();
  });
});
