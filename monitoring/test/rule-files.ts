// The rule files and their tests, as Prometheus and promtool read them.
import { join } from "node:path";

/** A recording rule or an alert. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An alert. */
export interface Alert extends Rule {
  readonly alert: string;
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

/** The folder of the rules. */
export const rulesFolder = join(import.meta.dir, "../rules");

const read = async (name: string): Promise<unknown> =>
  Bun.YAML.parse(await Bun.file(join(rulesFolder, name)).text());

/** The names of the files whose names end so, such as `.rules.yaml`. */
export const filesEnding = (suffix: string): readonly string[] =>
  [...new Bun.Glob(`*${suffix}`).scanSync(rulesFolder)].sort();

/** The rules of a file. */
export async function rulesOf(name: string): Promise<readonly Rule[]> {
  // promtool checks the form of the file.
  const { groups } = (await read(name)) as RuleFile;
  return groups.flatMap(({ rules }) => rules);
}

/** Whether a rule is an alert. */
export const isAlert = (rule: Rule): rule is Alert => rule.alert !== undefined;

/** A test of promtool: whether the alerts that it names fire. */
interface RuleTest {
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly unknown[];
  }[];
}

interface TestFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly RuleTest[];
}

/** The cases of all tests that load a file of rules, by the alert that each names. */
export async function outcomesOf(ruleFile: string) {
  const files = await Promise.all(filesEnding(".test.yaml").map(read));
  // promtool checks the form of the files.
  const cases = (files as TestFile[])
    .filter(({ rule_files }) => rule_files.includes(ruleFile))
    .flatMap(({ tests }) => tests)
    .flatMap(({ alert_rule_test = [] }) => alert_rule_test);
  return Map.groupBy(cases, ({ alertname }) => alertname);
}
