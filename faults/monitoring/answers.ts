// What a Prometheus has to answer: every query of the panels, the variables and the rules.
import { expect } from "bun:test";
import { dashboards, panelQueries } from "../../monitoring/test/dashboard-files.ts";
import { filesEnding, isAlert, rulesOf } from "../../monitoring/test/rule-files.ts";
import type { LoadReport } from "./incidents.ts";
import type { Prometheus, Series } from "./prometheus.ts";
import { fillIn, selectorsIn, withoutThreshold } from "./promql.ts";

/** Only a cluster has these metrics, of Kubernetes and of CloudNativePG. */
const ofCluster = ["cloudnative-pg.rules.yaml", "kubernetes.rules.yaml"];

interface Query {
  readonly title: string;
  readonly expr: string;
  /** The legend or the summary, in which labels stand between braces. */
  readonly text: string;
}

const files = filesEnding(".rules.yaml");
const rulesIn = async (names: readonly string[]) => (await Promise.all(names.map(rulesOf))).flat();
const rules = await rulesIn(files.filter((name) => !ofCluster.includes(name)));
const clusterRules = await rulesIn(ofCluster);

const queries: readonly Query[] = [
  ...panelQueries.map(({ title, expr, legend }) => ({ title, expr: fillIn(expr), text: legend })),
  ...rules.map(({ alert, record, expr, annotations }) => ({
    title: alert ?? record ?? "",
    expr: withoutThreshold(expr),
    text: annotations?.["summary"] ?? "",
  })),
];

const hasNumber = ({ values }: Series) => values.some(([, value]) => value !== "NaN");

/** Whether a target's label has taken the place of one of ours, or the place of a route in a sum by route. */
function isMislabelled({ metric }: Series, asked: string): boolean {
  const isByRoute = /\bby \([^)]*\bendpoint\b/.test(asked);
  const hasMoved = Object.keys(metric).some((name) => name.startsWith("exported_"));
  return hasMoved || (isByRoute && metric["endpoint"] === "http");
}

/** What stands between braces and is no label that a series needs here: only a cluster has pods. */
const noLabels = ["else", "end", "pod"];

/** The labels that a legend or a summary needs; it does without one that it takes by `with`. */
const labelsIn = (text: string) =>
  Array.from(text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g), ([, label = ""]) => label).filter(
    (label) => !noLabels.includes(label),
  );

/** What is wrong with a query, if anything. */
async function defectsOf({ title, expr, text }: Query, prometheus: Prometheus): Promise<string[]> {
  const lines = await prometheus.range(expr);
  for (const label of labelsIn(text)) {
    if (!lines.some(({ metric }) => metric[label])) return [`${title}: no ${label} in ${expr}`];
  }
  for (const asked of [expr, ...selectorsIn(expr)]) {
    const series = await prometheus.range(asked);
    if (series.length === 0) return [`${title}: nothing for ${asked}`];
    if (!series.some(hasNumber)) return [`${title}: only NaN for ${asked}`];
    if (series.some((one) => isMislabelled(one, asked)))
      return [`${title}: a target's label in ${asked}`];
  }
  return [];
}

/** Expects that clients' errors, which no service makes by itself, are counted as they were sent. */
export async function expectCounted(
  prometheus: Prometheus,
  loads: readonly LoadReport[],
): Promise<void> {
  for (const [service, status] of [
    ["users", 409],
    ["users", 422],
    ["orders", 404],
    ["orders", 409],
    ["orders", 422],
  ] as const) {
    const sent = loads.map(({ statuses }) => statuses.get(`${service} ${status}`) ?? 0);
    const total = sent.reduce((sum, count) => sum + count);
    expect(total).toBeGreaterThan(0);
    const job = service === "users" ? "user-service" : "order-service";
    const [series] = await prometheus.range(
      `sum(http_requests_total{job="${job}",status="${status}"})`,
    );
    expect(Number(series?.values.at(-1)?.[1])).toBe(total);
  }
}

/**
 * Expects that every query has a number, that no label of a target stands in the place of ours, and that the
 * rules of a cluster can be asked.
 */
export async function expectAnswers(prometheus: Prometheus): Promise<void> {
  expect(await prometheus.ruleErrors()).toEqual([]);
  const defects: string[] = [];
  for (const query of queries) defects.push(...(await defectsOf(query, prometheus)));
  expect(defects).toEqual([]);
  for (const { expr } of clusterRules) expect(await prometheus.range(expr)).toEqual([]);
}

/** Expects that the variables offer what a reader can choose from. */
export async function expectChoices(
  prometheus: Prometheus,
  namespaces: readonly string[],
): Promise<void> {
  const offered = new Map<string, readonly string[]>();
  for (const { name, type, query } of dashboards.flatMap(({ templating }) => templating.list)) {
    if (type !== "query") continue;
    const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
    offered.set(name, await prometheus.labelValues(label, fillIn(selector)));
  }
  expect(offered.get("namespace")).toEqual(namespaces);
  expect(offered.get("job")).toEqual(["order-service", "user-service"]);
  expect(offered.get("endpoint")).toEqual([
    "/orders",
    "/orders/{id}",
    "/users",
    "/users/{id}",
    "unmatched",
  ]);
}

/** The alerts that were due at any time. */
export async function dueAlerts(prometheus: Prometheus): Promise<readonly string[]> {
  const all: string[] = [];
  for (const { alert, expr } of rules.filter(isAlert)) {
    if ((await prometheus.range(expr)).length > 0) all.push(alert);
  }
  return all;
}

/** How many queries of what were asked, and which alerts have metrics that only a cluster has. */
export function coverage(): string {
  const notAsked = clusterRules.map(({ alert }) => alert).join(", ");
  return `${queries.length} queries: ${panelQueries.length} of panels, ${rules.length} of rules; without a metric here: ${notAsked}`;
}
