// What the parts of compose.monitoring.yaml read: monitoring/compose/.
import { expect, test } from "bun:test";
import { cp, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { services } from "../../scripts/services.ts";
import type { JsonSchema } from "../../shared/src/openapi/types.ts";
import { pathOf, testWith, type Program } from "../../shared/testing/required-program.ts";
import { schemaCheck } from "../../shared/testing/schema-check.ts";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { dashboards, generatedFolder } from "./dashboard-files.ts";
import { rulesFolder } from "./rule-files.ts";

const folder = resolve(import.meta.dir, "../compose");
const text = (name: string) => Bun.file(join(folder, name)).text();
const parse = async (name: string): Promise<unknown> => Bun.YAML.parse(await text(name));
const mismatches = schemaCheck({ components: { schemas: {} } });

const string: JsonSchema = { type: "string", minLength: 1 };
const boolean: JsonSchema = { type: "boolean" };

/** An object with these members and no others. */
const object = (required: Record<string, JsonSchema>, optional: Record<string, JsonSchema> = {}) =>
  ({
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
  }) satisfies JsonSchema;

const list = (items: JsonSchema): JsonSchema => ({ type: "array", items, minItems: 1 });

/** A provisioning file of Grafana with this list in it. */
const provisioning = (name: string, items: JsonSchema) =>
  object({ apiVersion: { const: 1 }, [name]: list(items) });

const dataSource = object(
  {
    name: string,
    uid: { type: "string", pattern: "^[a-z]+$" },
    type: { enum: ["prometheus", "alertmanager", "jaeger", "loki"] },
    access: { const: "proxy" },
    url: { type: "string", pattern: "^http://[a-z]+:\\d+$" },
    jsonData: object(
      {},
      {
        timeInterval: { type: "string", pattern: "^\\d+s$" },
        implementation: { enum: ["prometheus", "mimir", "cortex"] },
        tracesToLogsV2: object({
          datasourceUid: string,
          spanStartTimeShift: { type: "string", pattern: "^-\\d+m$" },
          spanEndTimeShift: { type: "string", pattern: "^\\d+m$" },
          customQuery: { const: true },
          query: string,
        }),
        derivedFields: list(
          object({
            name: string,
            matcherRegex: string,
            datasourceUid: string,
            url: string,
            urlDisplayLabel: string,
          }),
        ),
      },
    ),
  },
  { isDefault: boolean },
);

const provider = object({
  name: string,
  type: { const: "file" },
  folder: string,
  allowUiUpdates: boolean,
  options: object({ path: string }),
});

/** The parts of compose.monitoring.yaml that these tests read. */
interface Compose {
  readonly services: Readonly<Record<string, { volumes?: string[]; command?: string[] }>>;
}

const root = resolve(import.meta.dir, "../..");
const compose = Bun.YAML.parse(
  await Bun.file(join(root, "compose.monitoring.yaml")).text(),
) as Compose;

/** The files that a container finds, by their paths there; the values are paths in the repository. */
function mounted(part: string): ReadonlyMap<string, string> {
  const mounts = compose.services[part]?.volumes ?? [];
  const files = mounts.filter((mount) => mount.startsWith("./") && mount.endsWith(":ro"));
  return new Map(
    files.map((mount) => {
      const [source = "", target = ""] = mount.split(":");
      return [target, resolve(root, source)];
    }),
  );
}

/** What a program prints about a file of a container, in a folder that is laid out like the container. */
async function checkedBy(program: Program, command: string, part: string): Promise<string> {
  await using container = temporaryFolder();
  for (const [target, source] of mounted(part)) {
    await mkdir(dirname(join(container.path, target)), { recursive: true });
    await cp(source, join(container.path, target), { recursive: true });
  }
  const [option = ""] = compose.services[part]?.command ?? [];
  const file = join(container.path, option.replace("--config.file=", ""));
  const child = Bun.spawn([pathOf(program), ...command.split(" "), file], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = (await Promise.all([child.stdout.text(), child.stderr.text()])).join("");
  if ((await child.exited) !== 0) throw new Error(output);
  return output;
}

interface DataSources {
  readonly datasources: readonly {
    readonly uid: string;
    readonly type: string;
    readonly url: string;
    readonly jsonData: {
      readonly timeInterval?: string;
      readonly derivedFields?: readonly { readonly matcherRegex: string }[];
    };
  }[];
}

test("Grafana's provisioning files have the members that Grafana knows, and no others", async () => {
  const sources = provisioning("datasources", dataSource);
  expect(mismatches(sources, await parse("grafana/datasources.yaml"))).toEqual([]);
  const providers = provisioning("providers", provider);
  expect(mismatches(providers, await parse("grafana/dashboards.yaml"))).toEqual([]);
});

test("every data source that a dashboard, a link or a data source asks for is provisioned once", async () => {
  const file = await parse("grafana/datasources.yaml");
  const { datasources } = file as DataSources; // its members are checked above
  const types = datasources.map(({ type }) => type);
  expect(new Set(types).size).toBe(types.length);
  for (const { templating } of dashboards) {
    const asked = templating.list.filter(({ type }) => type === "datasource");
    expect(types).toEqual(expect.arrayContaining(asked.map(({ query }) => query)));
  }
  const uids = datasources.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  const links = JSON.stringify(file).matchAll(/"datasourceUid":"(\w+)"/g);
  const linked = new Set(Array.from(links, ([, uid = ""]) => uid));
  expect(linked).toEqual(new Set(["jaeger", "loki"]));
  expect(uids).toEqual(expect.arrayContaining([...linked]));
});

test("every address in Grafana's data sources is a part of the compose file, on the port of its own file", async () => {
  const { datasources } = (await parse("grafana/datasources.yaml")) as DataSources;
  const ports = new Map(
    datasources.map(({ url }) => [new URL(url).hostname, new URL(url).port] as const),
  );
  expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...ports.keys()]));
  expect(await text("loki.yaml")).toContain(`http_listen_port: ${ports.get("loki")}`);
  expect(await text("jaeger.yaml")).toContain(`0.0.0.0:${ports.get("jaeger")}`);
  expect(await text("config.alloy")).toContain(
    `"http://loki:${ports.get("loki")}/loki/api/v1/push"`,
  );
  expect(await text("prometheus.yaml")).toContain(`alertmanager:${ports.get("alertmanager")}`);
});

test("Grafana's variables are escaped, so that it does not replace them by the environment", async () => {
  const values: string[] = [];
  JSON.stringify(await parse("grafana/datasources.yaml"), (_, value: unknown) => {
    if (typeof value === "string" && value.includes("$")) values.push(value);
    return value;
  });
  expect(values).toHaveLength(2);
  for (const value of values) expect(value.replaceAll("$$", "")).not.toContain("$");
});

test("a link leads from a log line to its trace", async () => {
  const { datasources } = (await parse("grafana/datasources.yaml")) as DataSources;
  const [{ matcherRegex } = { matcherRegex: "" }] = datasources.flatMap(
    ({ jsonData }) => jsonData.derivedFields ?? [],
  );
  const line = { level: "info", msg: "request", trace_id: "4bf92f3577b34da6a3ce929d0e0e4736" };
  expect(new RegExp(matcherRegex).exec(JSON.stringify(line))?.[1]).toBe(line.trace_id);
});

test("Loki's streams have the label by which links and queries select them", async () => {
  expect(await text("config.alloy")).toContain('target_label  = "service"');
  const selectors = dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ fieldConfig }) => fieldConfig?.defaults.links ?? []),
  );
  const logs = selectors
    .map(({ url }) => decodeURIComponent(url))
    .filter((url) => url.includes("loki"));
  expect(logs.length).toBeGreaterThan(0);
  for (const url of logs) expect(url).toContain('{service=\\"');
  for (const { name } of services) expect(await text("config.alloy")).toContain(name);
});

test("Prometheus scrapes every replica of every service, in a job of its name, with the service's own labels", async () => {
  const config = await parse("prometheus.yaml");
  expect(config).toMatchObject({ rule_files: ["rules/*.rules.yaml"] });
  expect(config).toHaveProperty(
    "scrape_configs",
    services.map(({ name }) => ({
      job_name: name,
      honor_labels: true,
      dns_sd_configs: [{ names: [name], type: "A", port: 8000, refresh_interval: "15s" }],
    })),
  );
  const { datasources } = (await parse("grafana/datasources.yaml")) as DataSources;
  const interval = datasources.find(({ type }) => type === "prometheus")?.jsonData.timeInterval;
  expect(config).toMatchObject({ global: { scrape_interval: interval } });
});

test("Prometheus and Grafana find the rules and the dashboards of this folder", () => {
  expect(mounted("prometheus").get("/etc/prometheus/rules")).toBe(rulesFolder);
  expect(mounted("grafana").get("/etc/grafana/dashboards")).toBe(generatedFolder);
});

testWith("promtool", "Prometheus can start with its configuration and all rules", async () => {
  const output = await checkedBy("promtool", "check config", "prometheus");
  const files = [...new Bun.Glob("*.rules.yaml").scanSync(rulesFolder)];
  expect(output).toContain(`${files.length} rule files found`);
});

testWith(
  "amtool",
  "Alertmanager can start, and sends pages to other people than tickets",
  async () => {
    const output = await checkedBy("amtool", "check-config", "alertmanager");
    expect(output).toContain("2 receivers");
  },
);
