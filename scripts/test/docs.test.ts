import { expect, test } from "bun:test";
import { apiDocument, serviceNames } from "../openapi/api-document.ts";
import { readPage } from "./pages.ts";

test("docs/api.md explains every problem code of the services, and no other", async () => {
  const page = await readPage("docs/api.md");
  const rows = page.matchAll(/^\| \d{3} +\| `([a-z-]+)` +\|/gm);
  const codes = serviceNames.flatMap((service): string[] => {
    const { components } = JSON.parse(apiDocument(service));
    return components.schemas.Problem.properties.code.enum;
  });
  expect(Array.from(rows, ([, code = ""]) => code).sort()).toEqual([...new Set(codes)].sort());
});
