import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { generated } from "../build.ts";
import { dashboards, generatedFolder, panelQueries } from "./dashboard-files.ts";

test("the committed files are those that monitoring/build.ts makes", async () => {
  const names = [...new Bun.Glob("*").scanSync(generatedFolder)].sort();
  const fresh = await generated();
  expect([...fresh.keys()].sort()).toEqual(names);
  for (const [name, text] of fresh) {
    expect(await Bun.file(join(generatedFolder, name)).text()).toBe(text);
  }
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  "dashboard %s",
  (_, { panels, templating, uid }) => {
    test("has an address of its own, and panels with numbers of their own", () => {
      expect(uid).toMatch(/^platform-[a-z]+$/);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    });

    test("asks the Prometheus that its reader has chosen", () => {
      const asking = [
        ...panels.filter(({ type }) => type !== "row"),
        ...panels.flatMap(({ targets = [] }) => targets),
        ...templating.list.filter(({ type }) => type === "query"),
      ];
      for (const { datasource } of asking) {
        expect(datasource).toEqual({ type: "prometheus", uid: "${datasource}" });
      }
    });

    test("renews what its variables offer, so that a new service or route is among it", () => {
      const queries = templating.list.filter(({ type }) => type === "query");
      expect(queries.map(({ refresh }) => refresh)).toEqual(queries.map(() => 2));
    });

    test("has links that Grafana can read, to data sources that its reader chooses", () => {
      const sources = templating.list.filter(({ type }) => type === "datasource");
      const names = sources.map(({ name }) => `\${${name}}`);
      for (const { fieldConfig } of panels) {
        for (const { url } of fieldConfig?.defaults.links ?? []) {
          const panes = new URL(url, "http://grafana").searchParams.get("panes") ?? "";
          const { pane } = JSON.parse(panes) as { pane: { datasource: string; queries: object[] } };
          expect(names).toContain(pane.datasource);
          expect(pane.queries).toHaveLength(1);
        }
      }
    });

    test("says about each panel what to do with it", () => {
      const silent = panels.filter(({ type, description = "" }) => type !== "row" && !description);
      expect(silent.map(({ title }) => title)).toEqual([]);
    });
  },
);

test("every query of a panel takes several values of a variable, and a window that fits the zoom", () => {
  for (const { expr } of panelQueries) {
    expect(expr).not.toMatch(/[^~]"\$/); // `=` takes one value
    expect(expr).not.toMatch(/\[\d/);
    expect(expr.includes("rate(") === expr.includes("[$__rate_interval]")).toBe(true);
  }
});
