// Which jobs of the CI/CD workflow run: its conditions, evaluated with GitHub's own evaluator in GitHub's
// order. https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#status-check-functions
import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { YAML } from "bun";
import { root } from "../root.ts";

/** A job of a workflow, as far as these tests read it. */
interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly steps?: readonly { readonly run?: string; readonly env?: Record<string, string> }[];
}

type Result = "success" | "failure" | "cancelled" | "skipped";

const text = await Bun.file(join(root, ".github/workflows/ci-cd.yml")).text();
const { jobs, concurrency } = YAML.parse(text) as {
  jobs: Record<string, Job>;
  concurrency: { group: string; "cancel-in-progress": string };
};

const statusFunctions = ["always", "cancelled", "success", "failure"];

/** Evaluates an expression. @param status the values of the status functions */
function evaluate(expression: string, context: object, status: Record<string, boolean>) {
  const info = statusFunctions.map((name) => ({ name, minArgs: 0, maxArgs: 0 }));
  const functions = info.map((about) => ({
    ...about,
    call: () => new data.BooleanData(status[about.name] ?? false),
  }));
  const contexts = JSON.parse(JSON.stringify(context), data.reviver) as data.Dictionary;
  const parsed = new Parser(new Lexer(expression).lex().tokens, Object.keys(context), info).parse();
  const byName = new Map(functions.map((about) => [about.name, about]));
  return new Evaluator(parsed, contexts, byName).evaluate().coerceString();
}

/** A text with the values of its `${{ … }}`. */
const fill = (template: string, context: object) =>
  template.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    evaluate(expression, context, {}),
  );

/** What runs at once, by the context `github`. */
const concurrencyOf = (github: object) => ({
  group: fill(concurrency.group, { github }),
  cancels: fill(concurrency["cancel-in-progress"], { github }),
});

/** What happens on GitHub. */
interface Scenario {
  readonly event?: "push" | "pull_request";
  /** What changes.sh has decided; undefined if it has not come to that. */
  readonly code?: boolean;
  /** Jobs that do not succeed. */
  readonly results?: Readonly<Record<string, Result>>;
  readonly isCancelled?: boolean;
}

/** Runs the jobs one after the other, as GitHub would. @returns the result of each */
function runJobs({ event = "push", code, results = {}, isCancelled = false }: Scenario) {
  const done: Record<string, Result> = {};
  const needsOf = (name: string): readonly string[] => [jobs[name]?.needs ?? []].flat();
  const chainOf = (name: string): readonly string[] =>
    needsOf(name).flatMap((needed) => [needed, ...chainOf(needed)]);

  const runJob = (name: string, job: Job): Result => {
    const chain = chainOf(name).map((needed) => done[needed]);
    const status = {
      always: true,
      cancelled: isCancelled,
      success: chain.every((result) => result === "success"),
      failure: chain.includes("failure"),
    };
    const needs = Object.fromEntries(
      needsOf(name).map((needed) => {
        const outputs = needed === "changes" && code !== undefined ? { code: `${code}` } : {};
        return [needed, { result: done[needed], outputs }];
      }),
    );
    const context = { needs, github: { event_name: event } };
    const condition = (job.if ?? "success()").replaceAll(/\$\{\{|\}\}/g, "").trim();
    const hasStatus = statusFunctions.some((name) => condition.includes(`${name}(`));
    const full = hasStatus ? condition : `success() && (${condition})`;
    if (evaluate(full, context, status) !== "true") return "skipped";
    if (name !== "gate") return results[name] ?? (isCancelled ? "cancelled" : "success");

    const env = job.steps?.find(({ run }) => run === "scripts/gate.sh")?.env ?? {};
    const values = Object.entries(env).map(([key, value]) => [key, fill(value, context)]);
    const { exitCode } = Bun.spawnSync([resolve(root, "scripts/gate.sh")], {
      env: { PATH: process.env["PATH"], ...Object.fromEntries(values) },
      stdout: "ignore",
    });
    return exitCode === 0 ? "success" : "failure";
  };

  for (const [name, job] of Object.entries(jobs)) done[name] = runJob(name, job);
  return done;
}

/** The jobs that have a result other than success. */
function except(scenario: Scenario) {
  const all = Object.entries(runJobs(scenario));
  return Object.fromEntries(all.filter(([, result]) => result !== "success"));
}

const skipped = (...names: readonly string[]): Record<string, Result> =>
  Object.fromEntries(names.map((name) => [name, "skipped"]));

describe("the concurrency of the workflow", () => {
  const pull = (ref: string, sha: string) =>
    concurrencyOf({ event_name: "pull_request", ref, sha });
  const push = (sha: string) => concurrencyOf({ event_name: "push", ref: "refs/heads/main", sha });

  test("cancels the run of a pull request that a newer push overtakes", () => {
    expect(pull("refs/pull/1/merge", "a")).toEqual(pull("refs/pull/1/merge", "b"));
    expect(pull("refs/pull/1/merge", "a").group).not.toBe(pull("refs/pull/2/merge", "a").group);
    expect(pull("refs/pull/1/merge", "a").cancels).toBe("true");
  });

  test("lets each push to main be tested, also while the deployment of another waits for approval", () => {
    expect(push("a").group).not.toBe(push("b").group);
    expect(push("a").cancels).toBe("false");
  });
});

test("a push of code to main runs every job", () => {
  expect(except({ code: true })).toEqual({});
});

test("a pull request runs every job up to the gate", () => {
  expect(except({ event: "pull_request", code: true })).toEqual(skipped("publish", "deploy"));
});

test.each(["push", "pull_request"] as const)(
  "a %s of documentation is checked and passes the gate, and nothing else runs",
  (event) => {
    const rest = skipped("workflows", "faults", "deployments", "publish", "deploy");
    expect(except({ event, code: false })).toEqual(rest);
  },
);

test.each(["check", "workflows", "faults", "deployments"])(
  "nothing is published or deployed if %s fails or is cancelled",
  (name) => {
    for (const result of ["failure", "cancelled"] as const) {
      expect(except({ code: true, results: { [name]: result } })).toEqual({
        [name]: result,
        gate: "failure",
        ...skipped("publish", "deploy"),
      });
    }
  },
);

test("a change of documentation that fails its tests does not pass the gate", () => {
  expect(except({ code: false, results: { check: "failure" } })).toMatchObject({ gate: "failure" });
});

test("nothing passes if it is not known what the change can break", () => {
  const { changes, gate, publish } = runJobs({ results: { changes: "failure" } });
  expect([changes, gate, publish]).toEqual(["failure", "failure", "skipped"]);
});

test("nothing is deployed if one image is not published", () => {
  expect(except({ code: true, results: { publish: "failure" } })).toEqual({
    publish: "failure",
    deploy: "skipped",
  });
});

test("nothing is published or deployed in a run that is cancelled", () => {
  expect(runJobs({ code: true, isCancelled: true })).toMatchObject({
    gate: "failure",
    ...skipped("publish", "deploy"),
  });
});
