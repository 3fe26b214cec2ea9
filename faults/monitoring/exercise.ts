// `bun faults/monitoring/exercise.ts [MINUTES] [WORDS]`: the on-call exercise, of all faults or of those whose
// name has these words. The faults begin at the same time, each on a platform of its own, and one Prometheus
// with the rules and intervals of Compose watches them all.
// Once the alerts of a fault fire, the script does what their runbook says. It prints, as the rows of the
// table in docs/operating.md, which panel showed the fault, which alerts told it, and when they were over.
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { panelQueries } from "../../monitoring/test/dashboard-files.ts";
import { watchAlerts, type AlertCourses, type Course } from "./alert-courses.ts";
import { faults, type Fault, type Scene } from "./on-call-faults.ts";
import { startPrometheus, type Intervals, type Prometheus } from "./prometheus.ts";
import { fillIn } from "./promql.ts";

const quietMs = 60_000;
const pollMs = 1000;
const [, , minutes = "20", words = ""] = process.argv;
const allMs = Number(minutes) * 60_000;
/** How long a fault waits for its alerts. The longest `for` among them is 10 minutes. */
const waitMs = 11.5 * 60_000;

/** A fault on its platform. */
interface Stage {
  readonly fault: Fault;
  readonly namespace: string;
  readonly scene: Scene;
}

/** What an operator has seen of a fault. Times are as `Date.now()` has them. */
interface Report {
  readonly stage: Stage;
  readonly begunAt: number;
  readonly endedAt: number;
  readonly signal: { readonly panel: string; readonly at: number } | undefined;
}

const seconds = (from: number, to: number) => `${Math.round((to - from) / 1000)} s`;

const say = (text: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** Waits until a condition is met, or a time is reached. */
async function until(isMet: () => boolean, deadline: number): Promise<void> {
  while (!isMet() && Date.now() < deadline) await Bun.sleep(pollMs);
}

/** The queries that have a result when a panel shows the fault in a namespace. */
function queriesOf(panel: string, shows: string, namespace: string): readonly string[] {
  const queries = panelQueries.filter(({ title }) => title.endsWith(`, ${panel}`));
  if (queries.length === 0) throw new Error(`No dashboard has a panel "${panel}"`);
  return queries.map(
    ({ expr }) => `(${fillIn(expr.replaceAll("$namespace", namespace))}) ${shows}`,
  );
}

/** The first panel that shows the fault. */
async function firstSignal({ fault, namespace }: Stage, prometheus: Prometheus, deadline: number) {
  const queries = Object.entries(fault.signals).flatMap(([panel, shows]) =>
    queriesOf(panel, shows, namespace).map((query) => ({ panel, query })),
  );
  while (Date.now() < deadline) {
    for (const { panel, query } of queries) {
      if (await prometheus.has(query)) return { panel, at: Date.now() };
    }
    await Bun.sleep(pollMs);
  }
  return undefined;
}

/** Begins a fault, waits for its alerts, ends it, and waits until they are over. */
async function play(
  stage: Stage,
  prometheus: Prometheus,
  courses: AlertCourses,
  startedAt: number,
): Promise<Report> {
  const { fault, namespace, scene } = stage;
  const told = () => courses.firedIn(namespace).filter(({ alert }) => fault.alerts.includes(alert));
  const lastAct = startedAt + Math.min(waitMs, allMs);
  const begunAt = Date.now();
  await scene.begin();
  const signal = firstSignal(stage, prometheus, lastAct).then((found) => {
    if (found) say(`${fault.name}: "${found.panel}" shows it after ${seconds(begunAt, found.at)}`);
    return found;
  });
  await until(() => told().length === fault.alerts.length, lastAct);
  await scene.end();
  const endedAt = Date.now();
  say(`${fault.name}: ended after ${seconds(begunAt, endedAt)}`);
  await until(() => told().every(({ resolvedAt }) => resolvedAt !== undefined), startedAt + allMs);
  return { stage, begunAt, endedAt, signal: await signal };
}

/** A row of the table. An alert that fires after the end of its fault has told nothing, and is left out. */
function rowOf({ stage, begunAt, endedAt, signal }: Report, all: readonly Course[]): string {
  const { fault } = stage;
  const fired = all.filter(({ firedAt = Infinity }) => firedAt <= endedAt);
  const shown = signal ? `"${signal.panel}", ${seconds(begunAt, signal.at)}` : "none";
  const alerts = fired.map(({ alert, severity, dueAt, firedAt = 0 }) => {
    const due = seconds(begunAt, dueAt);
    return `${alert} (${severity}), ${seconds(begunAt, firedAt)}, due after ${due}`;
  });
  const over = fired.map(({ alert, resolvedAt }) =>
    resolvedAt === undefined
      ? `${alert}: not within ${seconds(endedAt, Date.now())}`
      : `${alert}: ${seconds(endedAt, resolvedAt)}`,
  );
  const acted = `${fault.runbook}, after ${seconds(begunAt, endedAt)}`;
  const cells = [fault.name, shown, alerts.join("; ") || "none", acted, over.join("; ") || "–"];
  return `| ${cells.join(" | ")} |`;
}

/** The machine's load over a minute, beside its cores. */
const load = () => `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;

/** The intervals of the Prometheus of Compose. */
async function intervals(): Promise<Intervals> {
  const file = Bun.file(join(import.meta.dir, "../../monitoring/compose/prometheus.yaml"));
  const { global } = Bun.YAML.parse(await file.text()) as { readonly global: Intervals };
  return global;
}

/** Plays all faults at the same time, and prints the table's rows. */
async function exercise(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stages: Stage[] = [];
  const chosen = faults.filter(({ name }) => name.toLowerCase().includes(words.toLowerCase()));
  if (chosen.length === 0) {
    const names = faults.map(({ name }) => `  ${name}\n`).join("");
    throw new Error(`No fault has "${words}" in its name. The faults are:\n${names}`);
  }
  for (const [index, fault] of chosen.entries()) {
    stages.push({ fault, namespace: `platform-${index}`, scene: await fault.prepare(stack) });
  }
  const targets = stages.flatMap(({ namespace, scene: { platform } }) =>
    [platform.users, platform.orders].map((running) => ({
      service: running.service,
      running,
      namespace,
    })),
  );
  const prometheus = stack.use(await startPrometheus("plain", targets, await intervals()));
  const courses = stack.use(
    watchAlerts(prometheus, ({ alert, resolvedAt }, namespace) => {
      const { fault } = stages.find((stage) => stage.namespace === namespace) ?? {};
      say(`${fault?.name}: ${alert} ${resolvedAt === undefined ? "fires" : "is over"}`);
    }),
  );
  say(`${targets.length} processes are scraped; ${load()}`);
  await Bun.sleep(quietMs);
  const early = stages.flatMap(({ namespace }) => courses.firedIn(namespace));
  if (early.length > 0) throw new Error(`Fires without a fault: ${JSON.stringify(early)}`);

  say(`The faults begin; ${load()}`);
  const startedAt = Date.now();
  const reports = await Promise.all(
    stages.map((stage) => play(stage, prometheus, courses, startedAt)),
  );
  say(`The end; ${load()}`);
  for (const report of reports) console.log(rowOf(report, courses.firedIn(report.stage.namespace)));
}

await exercise();
