import { expect, test } from "bun:test";
import { join } from "node:path";
import { apiDocument, serviceNames } from "../openapi/api-document.ts";

test("docs/api.md explains every problem code of the services, and no other", async () => {
  const page = await Bun.file(join(import.meta.dir, "../../docs/api.md")).text();
  const rows = page.matchAll(/^\| \d{3} +\| `([a-z-]+)` +\|/gm);
  const codes = serviceNames.flatMap((service): string[] => {
    const { components } = JSON.parse(apiDocument(service));
    return components.schemas.Problem.properties.code.enum;
  });
  expect(Array.from(rows, ([, code = ""]) => code).sort()).toEqual([...new Set(codes)].sort());
});
