import { describe, expect, test } from "bun:test";
import { routeMatcher, routeTemplate } from "../../src/http/route-matcher.ts";

const find = routeMatcher([
  { method: "POST", path: "/notes" },
  { method: "GET", path: "/notes" },
  { method: "GET", path: "/notes/:id" },
  { method: "GET", path: "/notes/latest" },
  { method: "DELETE", path: "/notes/:id" },
  { method: "PATCH", path: "/notes/:id/parts/:part" },
  { method: "GET", path: "/api.json" },
]);

describe("routeMatcher()", () => {
  test.each([
    ["/notes", "/notes", ["GET", "HEAD", "POST"]],
    ["/notes/1", "/notes/{id}", ["DELETE", "GET", "HEAD"]],
    ["/notes/a%2Fb", "/notes/{id}", ["DELETE", "GET", "HEAD"]],
    ["/notes/latest", "/notes/latest", ["GET", "HEAD"]],
    ["/notes/oldest", "/notes/{id}", ["DELETE", "GET", "HEAD"]],
    ["/notes/1/parts/2", "/notes/{id}/parts/{part}", ["PATCH"]],
    ["/api.json", "/api.json", ["GET", "HEAD"]],
  ])("matches %s to %s with the methods %j", (path, template, methods) => {
    expect(find(path)).toEqual({ template, methods });
  });

  test.each([
    "",
    "/",
    "/notes/",
    "/NOTES",
    "/notes/1/",
    "/notes//parts/2",
    "/notes/1/parts",
    "/notes/1/parts/2/3",
    "/x/notes",
    "/apixjson",
    "//notes",
  ])("matches %j to no route", (path) => {
    expect(find(path)).toBeUndefined();
  });
});

describe("routeTemplate()", () => {
  test("spells parameters as OpenAPI does", () => {
    expect(routeTemplate("/notes/:id/parts/:part_id")).toBe("/notes/{id}/parts/{part_id}");
    expect(routeTemplate("/notes")).toBe("/notes");
  });
});
