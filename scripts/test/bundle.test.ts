// Which modules the services' executables load when they start.
import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { clientIssuer, serviceIssuer } from "../dev-issuer.ts";
import { services } from "../services.ts";

const root = resolve(import.meta.dir, "../..");

/** Each of these adds milliseconds to a start of 50 ms: code imports them where it needs them. */
const slowToLoad = "cluster crypto http http2 https net stream/promises tls v8 zlib".split(" ");

test.each(services.map(({ name }) => name))(
  "%s starts on SQLite without the code for PostgreSQL",
  async (name) => {
    const { outputs } = await Bun.build({
      entrypoints: [join(root, name, "src/main.ts")],
      target: "bun",
      splitting: true,
    });
    const chunks = await Promise.all(outputs.map((output) => output.text()));
    const loaded = chunks.map((chunk) => chunk.includes("pg_advisory_xact_lock"));
    expect(loaded.filter(Boolean)).toHaveLength(1);
    // The first output is the entry point.
    expect(loaded[0]).toBe(false);
  },
);

test.each(services.map(({ name }) => name))("%s starts without a slow module", async (name) => {
  const { outputs } = await Bun.build({
    entrypoints: [join(root, name, "src/main.ts")],
    target: "bun",
  });
  const source = (await outputs[0]?.text()) ?? "";
  const loaded = source.matchAll(/(?:require\(|^import (?:.* from )?)"(?:node:)?([a-z0-9/]+)"/gm);
  const names = [...loaded].map(([, module]) => module);
  expect(names).toContain("path");
  expect(names.filter((module) => slowToLoad.includes(module ?? ""))).toEqual([]);
});

test.each(services.map(({ name }) => name))(
  "%s verifies tokens, and has nothing that makes them",
  async (name) => {
    const { outputs } = await Bun.build({
      entrypoints: [join(root, name, "src/main.ts")],
      target: "bun",
      splitting: true,
    });
    const source = (await Promise.all(outputs.map((output) => output.text()))).join("\n");
    expect(source.includes("JWTExpired")).toBe(true);
    const ofIssuers = [clientIssuer, serviceIssuer, "SignJWT", "generateKeyPair"];
    expect(ofIssuers.filter((text) => source.includes(text))).toEqual([]);
  },
);
