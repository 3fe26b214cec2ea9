import { expect, test } from "bun:test";
import { codeBlocks } from "../../shared/testing/code-blocks.ts";
import { apiDocument } from "../openapi/api-document.ts";
import { serviceNames } from "../services.ts";
import { readPage } from "./pages.ts";

/** The codes that the rows of a page's tables begin with, after a status. */
async function explainedCodes(path: string): Promise<string[]> {
  const rows = (await readPage(path)).matchAll(/^\| \d{3} +\| `([a-z-]+)` +\|/gm);
  return Array.from(rows, ([, code = ""]) => code).sort();
}

/** The codes of the services' problems, where they have these variables. */
function codesOf(variables?: Readonly<Record<string, string>>): ReadonlySet<string> {
  const codes = serviceNames.flatMap((service): string[] => {
    const { components } = JSON.parse(apiDocument(service, variables));
    return components.schemas.Problem.properties.code.enum;
  });
  return new Set(codes);
}

test("docs/api.md explains every problem code of the services, and no other", async () => {
  expect(await explainedCodes("docs/api.md")).toEqual([...codesOf()].sort());
});

test("docs/authentication.md explains the codes that authentication adds, and no other", async () => {
  const issuer = { AUTH_ISSUER: "https://login.example", AUTH_JWKS: "file:/keys.json" };
  const added = codesOf(issuer).difference(codesOf());
  expect(await explainedCodes("docs/authentication.md")).toEqual([...added].sort());
});

test("README.md shows a route as user-service has it", async () => {
  const [shown] = codeBlocks(await readPage("README.md")).filter(
    ({ language }) => language === "ts",
  );
  const source = await readPage("user-service/src/app.ts");
  expect(source.replaceAll(/^ {4}/gm, "")).toContain(shown?.code.trim() ?? "no route");
});
