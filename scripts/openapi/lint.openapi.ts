// The API documents by the rules of the two linters that most companies use. No rule is switched off.
import { describe, expect, test } from "bun:test";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Spectral, type RulesetDefinition } from "@stoplight/spectral-core";
import { oas } from "@stoplight/spectral-rulesets";
import { apiDocument } from "./api-document.ts";
import { serviceNames } from "../services.ts";

const redoclyConfig = await createConfig({ extends: ["recommended"] });

/** What `redocly lint --extends=recommended` reports, warnings included. */
async function redocly(document: string): Promise<string[]> {
  const found = await lintFromString({ source: document, config: redoclyConfig });
  return found.map(
    ({ ruleId, location: [place], message }) => `${ruleId}: ${place?.pointer}: ${message}`,
  );
}

/** What `spectral lint` reports with the ruleset `spectral:oas`, hints included. */
async function spectral(document: string): Promise<string[]> {
  const linter = new Spectral();
  // The package's type of a ruleset demands `extends`, which its own ruleset does not have.
  linter.setRuleset(oas as RulesetDefinition);
  const found = await linter.run(document);
  return found.map(({ code, path, message }) => `${code}: #/${path.join("/")}: ${message}`);
}

describe.each(serviceNames)("the API document of %s", (service) => {
  const document = apiDocument(service);

  test("has no error and no warning by Redocly's recommended rules", async () => {
    expect(await redocly(document)).toEqual([]);
  });

  test("has no error and no warning by Spectral's rules for OpenAPI", async () => {
    expect(await spectral(document)).toEqual([]);
  });
});

test("both linters find what a document lacks, and an example that does not fit", async () => {
  const document = JSON.parse(apiDocument(serviceNames[0] ?? ""));
  delete document.security;
  delete document.paths["/health"].get.description;
  document.paths["/health"].get.responses[200].content["application/json"].example = 1;
  const text = JSON.stringify(document);
  expect((await redocly(text)).join("\n")).toContain("security-defined: #/paths/~1health/get");
  const found = (await spectral(text)).join("\n");
  expect(found).toContain("operation-description: #/paths//health/get");
  expect(found).toContain("oas3-valid-media-example: #/paths//health/get");
});
