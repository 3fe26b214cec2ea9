// docs/operating.md describes the environment variables, commands and metrics that the services have.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { createMetrics } from "../../shared/src/telemetry/metrics.ts";
import { root } from "../root.ts";
import { serviceNames } from "../services.ts";
import { readPage } from "./pages.ts";

/** The rows of the page's tables, by the first thing that each names; cells are separated by `|`. */
const rows = new Map<string, string>();
for (const line of (await readPage("docs/operating.md")).split("\n")) {
  const names = line.split("|")[1]?.matchAll(/`([^`]+)`/g) ?? [];
  for (const [, name = ""] of names) rows.set(name, line);
}

test.each(serviceNames)(
  "docs/operating.md has every command and variable of %s --help, with its default and range",
  (service) => {
    const main = join(root, service, "src/main.ts");
    const { stdout } = Bun.spawnSync([process.execPath, main, "--help"]);
    const [commands = "", variables = ""] = stdout.toString().split("\n\nEnvironment variables:\n");

    const calls = [...commands.matchAll(/^ {2}(\S+(?: \S+)*) {2,}/gm)].map(([, call = ""]) => call);
    expect(calls.length).toBeGreaterThan(7);
    const known = [...rows.keys()].map((name) => name.replace("user-service ", ""));
    expect(calls.filter((call) => !known.includes(call))).toEqual([]);

    const lines = variables.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(9);
    for (const line of lines) {
      const [, name = ""] = /^ {2}(\w+) /.exec(line) ?? [];
      const [, , shown = "", allowed = ""] = (rows.get(name) ?? "").split("|");
      const [, initial = ""] = /; default (\S+)$/.exec(line) ?? [];
      expect([name, shown]).toEqual([name, expect.stringContaining(initial)]);
      const [, min, max] = /number from (\d+) to (\d+)/.exec(line) ?? [];
      if (max !== undefined) expect([name, allowed.trim()]).toEqual([name, `${min}–${max}`]);
    }
  },
);

test("docs/operating.md has every metric that all services have, and what to do about it", async () => {
  const build = { service: "", version: "", commit: "" };
  const { registry, http, storage, watchReadiness } = createMetrics(build);
  const unknown = () => Promise.resolve(undefined);
  const size = () => Promise.resolve(0);
  http.watchInFlight(() => 0, 1);
  watchReadiness(() => Promise.resolve(true));
  storage.watchSessions(() => ({ max: 1, open: 0, used: 0, waiting: 0 }));
  storage.watchFile({ databaseBytes: size, walBytes: size, freeBytes: size, backedUpAt: unknown });
  const types = (await registry.metrics()).matchAll(/^# TYPE (\S+)/gm);
  const advice = new Map(
    [...rows].map(([name, row]) => [name.replace(/\{.*/, ""), row.split("|")[3]?.trim() ?? ""]),
  );
  const missing: string[] = [];
  for (const [, name = ""] of types) {
    if (!advice.get(name)) missing.push(name);
  }
  expect(missing).toEqual([]);
});
