// Writes what Grafana and Kubernetes read into generated/: `bun monitoring/build.ts`. The dashboards come
// from dashboards/, the PrometheusRule objects from rules/.
import { join } from "node:path";
import { dependencies } from "./dashboards/dependencies.ts";
import { services } from "./dashboards/services.ts";

const rules = join(import.meta.dir, "rules");

/** A rule file as an object of Prometheus' Operator; its comments stay. */
async function prometheusRule(file: string): Promise<string> {
  const text = await Bun.file(join(rules, file)).text();
  return `apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: platform-${file.replace(".rules.yaml", "")}
  labels:
    app.kubernetes.io/part-of: bun-elysia-platform
spec:
${text.trimEnd().replaceAll(/^(?=.)/gm, "  ")}
`;
}

/** The generated files: their texts, by name. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  const files = [...new Bun.Glob("*.rules.yaml").scanSync(rules)].sort();
  const objects = await Promise.all(files.map(prometheusRule));
  return new Map([
    [
      "prometheus-rules.yaml",
      `# Made by monitoring/build.ts from rules/.\n${objects.join("---\n")}`,
    ],
    ["services.json", `${JSON.stringify(services(), undefined, 2)}\n`],
    ["dependencies.json", `${JSON.stringify(dependencies(), undefined, 2)}\n`],
  ]);
}

if (import.meta.main) {
  for (const [name, text] of await generated()) {
    await Bun.write(join(import.meta.dir, "generated", name), text);
  }
}
