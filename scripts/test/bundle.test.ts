// Which modules the services' executables load when they start.
import { beforeAll, describe, expect, test } from "bun:test";
import { bundleOptions } from "../bundle.ts";
import { clientIssuer, serviceIssuer } from "../dev-issuer.ts";
import { serviceNames } from "../services.ts";

/** Each of these adds milliseconds to a start of 50 ms: code imports them where it needs them. */
const slowToLoad = "cluster crypto http http2 https net stream/promises tls v8 zlib".split(" ");

/** The source of each file of a bundle; the first is the entry point. */
async function bundle(name: string, splitting: boolean): Promise<readonly string[]> {
  const { outputs } = await Bun.build({ ...bundleOptions(name, ""), splitting });
  return Promise.all(outputs.map((output) => output.text()));
}

describe.each(serviceNames)("%s", (name) => {
  let chunks: readonly string[];
  beforeAll(async () => {
    chunks = await bundle(name, true);
  });

  test("starts on SQLite without the code for PostgreSQL", () => {
    const loaded = chunks.map((chunk) => chunk.includes("pg_advisory_xact_lock"));
    expect(loaded.filter(Boolean)).toHaveLength(1);
    expect(loaded[0]).toBe(false);
  });

  test("starts without a slow module", async () => {
    const [source = ""] = await bundle(name, false);
    const loaded = source.matchAll(/(?:require\(|^import (?:.* from )?)"(?:node:)?([a-z0-9/]+)"/gm);
    const names = [...loaded].map(([, module]) => module);
    expect(names).toContain("path");
    expect(names.filter((module) => slowToLoad.includes(module ?? ""))).toEqual([]);
  });

  test("verifies tokens, and has nothing that makes them", () => {
    const source = chunks.join("\n");
    expect(source.includes("JWTExpired")).toBe(true);
    const ofIssuers = [clientIssuer, serviceIssuer, "SignJWT", "generateKeyPair"];
    expect(ofIssuers.filter((text) => source.includes(text))).toEqual([]);
  });
});
