// A Prometheus that scrapes services and evaluates the rules of monitoring/.
import { join } from "node:path";
import type { Running } from "../../shared/testing/executable.ts";
import { rulesFolder } from "../../monitoring/test/rule-files.ts";
import { startProxy } from "../proxies/proxy.ts";

/** A process of a service that is scraped. */
export interface Target {
  readonly service: string;
  readonly running: Pick<Running, "port">;
  /** With plain labels: a namespace, which tells several platforms apart. Default: none. */
  readonly namespace?: string;
}

/** How often Prometheus scrapes and evaluates, in its own words. */
export interface Intervals {
  readonly scrape_interval: string;
  readonly evaluation_interval: string;
}

/** An alert that is due. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  /** `pending`: due, but not for as long as its rule wants. */
  readonly state: "pending" | "firing";
}

/** A series and its values over time. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** A Prometheus; ended at the end of its scope. */
export interface Prometheus extends AsyncDisposable {
  /** Runs a query over the time since the first scrape, in steps of a second. @throws Error with its words */
  range(query: string): Promise<readonly Series[]>;
  /** Whether a query has a result now. @throws Error with its words */
  has(query: string): Promise<boolean>;
  /** Resolves when a query has a result. */
  until(query: string): Promise<void>;
  /** The alerts that are due now. */
  alerts(): Promise<readonly ActiveAlert[]>;
  /** The values of a label in the series that a selector selects. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  /** What went wrong in the evaluation of each rule; no entry if nothing did. */
  ruleErrors(): Promise<readonly string[]>;
}

const pollMs = 100;

/** A target's labels: `plain` as in a scrape configuration by hand, `operator` as on Kubernetes. */
export type Labelling = "plain" | "operator";

/**
 * What Prometheus' Operator makes of a ServiceMonitor with `honorLabels: true`. Its labels `service` and
 * `endpoint` are names that our metrics have too.
 */
function jobOf(
  labelling: Labelling,
  { service, running, namespace }: Target,
  index: number,
): object {
  const targets = [`127.0.0.1:${running.port}`];
  const job = `${service}-${index}`;
  if (labelling === "plain") {
    const labels = { job: service, ...(namespace === undefined ? {} : { namespace }) };
    return { job_name: job, static_configs: [{ targets, labels }] };
  }
  const pod = `${service}-${index}`;
  const labels = {
    job: service,
    namespace: "shop",
    service,
    endpoint: "http",
    pod,
    container: service,
  };
  return { job_name: job, honor_labels: true, static_configs: [{ targets, labels }] };
}

/** Starts a Prometheus, and waits until it has scraped every target. */
export async function startPrometheus(
  labelling: Labelling,
  targets: readonly Target[],
  intervals: Intervals = { scrape_interval: "1s", evaluation_interval: "1s" },
): Promise<Prometheus> {
  const proxy = await startProxy("prometheus", {
    file: "prometheus.yml",
    // YAML is a superset of JSON.
    configuration: () =>
      JSON.stringify({
        global: intervals,
        rule_files: [join(rulesFolder, "*.rules.yaml")],
        scrape_configs: targets.map((target, index) => jobOf(labelling, target, index)),
      }),
    args: (folder, port) => [
      "--config.file=prometheus.yml",
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
  async function ask<Data>(path: string, query: Record<string, string> = {}): Promise<Data> {
    const response = await proxy.fetch(`/api/v1/${path}?${new URLSearchParams(query).toString()}`);
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return ((await response.json()) as { data: Data }).data;
  }
  let startedAt = Date.now();
  const prometheus: Prometheus = {
    async range(query) {
      const end = Date.now();
      // Whole seconds before the end, so that the last step sees the last scrape.
      const start = end - Math.floor((end - startedAt) / 1000) * 1000;
      const asked = { query, start: String(start / 1000), end: String(end / 1000), step: "1" };
      return (await ask<{ result: Series[] }>("query_range", asked)).result;
    },
    has: async (query) => (await ask<{ result: unknown[] }>("query", { query })).result.length > 0,
    async until(query) {
      // It is 503 until Prometheus has read its database.
      while (!(await prometheus.has(query).catch(() => false))) await Bun.sleep(pollMs);
    },
    alerts: async () => (await ask<{ alerts: ActiveAlert[] }>("alerts")).alerts,
    labelValues: (label, selector) => ask(`label/${label}/values`, { "match[]": selector }),
    async ruleErrors() {
      type Rules = { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
      const { groups } = await ask<Rules>("rules");
      const rules = groups.flatMap((group) => group.rules);
      if (rules.length === 0) throw new Error("Prometheus has loaded no rule");
      return rules
        .filter(({ health }) => health !== "ok")
        .map(({ name, health, lastError = "" }) => `${name}: ${health} ${lastError}`);
    },
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
  await prometheus.until(`sum(up) == ${targets.length}`);
  startedAt = Date.now();
  return prometheus;
}
