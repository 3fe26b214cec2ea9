// What the workflows on GitHub promise: no publishing without the gate, and no rights for a change that is
// not merged. `bun run check:workflows` checks their syntax, and that every action is pinned.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { $, YAML } from "bun";
import { temporaryFolder } from "../../shared/testing/temporary-folder.ts";
import { root } from "../root.ts";
import { serviceNames } from "../services.ts";

/** A step of a job, as far as these tests read it. */
interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** A job of a workflow, as far as these tests read it. */
interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly outputs?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly "timeout-minutes"?: number;
  readonly uses?: string;
}

/** A workflow, as far as these tests read it. */
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(root, ".github/workflows");
const names = [...new Bun.Glob("*.yml").scanSync(folder)].toSorted();
const texts = new Map(
  await Promise.all(
    names.map(async (name) => [name, await Bun.file(join(folder, name)).text()] as const),
  ),
);
const parse = (name: string) => YAML.parse(texts.get(name) ?? "") as Workflow;

const ci = parse("ci-cd.yml");
const deployments = parse("docker-compose-test.yml");

const needsOf = ({ needs = [] }: Job) => [needs].flat();
/** The jobs that a job waits for, directly or not. */
const waitsFor = (name: string): readonly string[] =>
  needsOf(ci.jobs[name] ?? {}).flatMap((needed) => [needed, ...waitsFor(needed)]);
const stepsOf = ({ steps = [] }: Job) => steps;

/** Every job, with the name of its workflow and its own, and its text. */
const jobs = names.flatMap((file) =>
  Object.entries(parse(file).jobs).map(([name, job]) => ({
    id: `${file} ${name}`,
    name,
    job,
    file,
  })),
);
/** Publishes, signs or deploys, or could. */
const isTrusted = ({ permissions = {}, environment }: Job) =>
  environment !== undefined || Object.values(permissions).includes("write");

test("the two workflows that the platform promises are there", () => {
  expect(names).toEqual(expect.arrayContaining(["ci-cd.yml", "docker-compose-test.yml"]));
});

test("the workflow of deployments runs as part of the gate, and not once more beside it", () => {
  expect(Object.keys(deployments.on)).toEqual(["workflow_call", "workflow_dispatch"]);
  const callers = Object.entries(ci.jobs).filter(([, { uses }]) => uses !== undefined);
  expect(callers.map(([name, { uses }]) => [name, uses])).toEqual([
    ["deployments", "./.github/workflows/docker-compose-test.yml"],
  ]);
});

test.each(names)("%s gives no permission to a job that does not ask for it", (name) => {
  expect(parse(name).permissions).toEqual({});
});

describe.each(jobs)("job $id", ({ job }) => {
  test("ends at a time limit, or calls jobs that do", () => {
    expect(job["timeout-minutes"] ?? job.uses).toBeDefined();
  });

  test("leaves no token of the repository on the disk", () => {
    for (const { uses = "", with: options } of stepsOf(job)) {
      if (uses.startsWith("actions/checkout@")) {
        expect(options).toMatchObject({ "persist-credentials": false });
      }
    }
  });

  test("shares its cache of packages with no other job", () => {
    for (const { uses = "", with: options } of stepsOf(job)) {
      if (!uses.startsWith("actions/cache@")) continue;
      expect(options?.["key"]).toStartWith("${{ github.job }}-");
      expect(options?.["restore-keys"]).toStartWith("${{ github.job }}-");
    }
  });
});

const releases = (file: string) => JSON.stringify(parse(file).on["push"] ?? {}).includes('"tags"');
const cacheless = jobs.filter(({ job, file }) => isTrusted(job) || releases(file));
test.each(cacheless)("job $id restores nothing that another run has stored", ({ job }) => {
  for (const { uses = "", with: options } of stepsOf(job)) {
    expect(uses).not.toStartWith("actions/cache@");
    if (uses.startsWith("oven-sh/setup-bun@")) expect(options).toMatchObject({ "no-cache": true });
  }
});

const unmerged = jobs.filter(
  ({ job, file }) => ["ci-cd.yml", "docker-compose-test.yml"].includes(file) && !isTrusted(job),
);
test.each(unmerged)(
  "job $id runs the code of pull requests, without secrets and the right to write",
  ({ job }) => {
    expect(JSON.stringify(job)).not.toContain("secrets.");
    expect([...new Set(Object.values(job.permissions ?? {}))]).toEqual(["read"]);
  },
);

describe("the gate", () => {
  const { gate } = ci.jobs;

  test("waits for every job that a pull request runs, and judges each", () => {
    const judged = needsOf(gate ?? {});
    const others = Object.entries(ci.jobs).filter(
      ([name, job]) => name !== "gate" && !isTrusted(job),
    );
    expect(judged.toSorted()).toEqual(others.map(([name]) => name).toSorted());
    for (const name of judged) {
      // A job that is skipped for documentation is judged as such.
      const when = ci.jobs[name]?.if === undefined ? "always" : "code";
      expect(JSON.stringify(gate)).toContain(`${when} ${name} \${{ needs.${name}.result }}`);
    }
  });

  test("has a result also after a failure and after skipped jobs, so that a rule can require it", () => {
    expect(gate?.if).toBe("always()");
  });

  test("skips jobs for nothing but a change of documentation", () => {
    for (const name of needsOf(gate ?? {})) {
      expect([undefined, "needs.changes.outputs.code == 'true'"]).toContain(ci.jobs[name]?.if);
    }
  });
});

describe.each(Object.entries(ci.jobs).filter(([, job]) => isTrusted(job)))("%s", (name, job) => {
  test("runs after the gate", () => {
    expect(waitsFor(name)).toContain("gate");
  });

  test("runs on pushes alone, and only if what it needs has succeeded", () => {
    // Without a status function in its condition, GitHub would skip it after any skipped job.
    expect(job.if).toContain("!cancelled()");
    const conditions = [name, ...waitsFor(name)].map((needed) => ci.jobs[needed]?.if ?? "");
    expect(conditions.join("\n")).toContain("github.event_name == 'push'");
    const [last] = needsOf(job).slice(-1);
    expect(job.if).toContain(`needs.${last}.result == 'success'`);
  });
});

describe("images", () => {
  test("are built and published for each service", () => {
    const { images } = deployments.jobs;
    const { publish } = ci.jobs;
    expect(images?.strategy?.matrix).toEqual({ service: serviceNames });
    expect(publish?.strategy?.matrix).toEqual({ service: serviceNames });
    expect(Object.keys(publish?.outputs ?? {})).toEqual(serviceNames);
  });

  test("are built by one job, which nothing that an earlier run has stored can change", () => {
    const builders = jobs.filter(({ job }) =>
      JSON.stringify(job).includes("scripts/build-image.sh"),
    );
    expect(builders.map(({ id }) => id)).toEqual(["docker-compose-test.yml images"]);
    expect(texts.get("docker-compose-test.yml")).not.toMatch(/actions\/cache@|cache-from|type=gha/);
  });

  test("are tested as they are published, on both architectures", () => {
    const { compose, kind } = deployments.jobs;
    for (const job of [compose, kind, ci.jobs["publish"]]) {
      expect(JSON.stringify(job)).toContain("actions/download-artifact@");
    }
    for (const job of [compose, kind]) expect(JSON.stringify(job)).toContain('"IMAGES":"loaded"');
    expect(compose?.strategy?.matrix).toEqual({ runner: ["ubuntu-24.04", "ubuntu-24.04-arm"] });
  });

  test("keep the labels of their Dockerfile", async () => {
    expect([...texts.values()].join("\n")).not.toMatch(/metadata-action|\blabels:/);
    expect(await Bun.file(join(root, "scripts/build-image.sh")).text()).not.toContain("--label");
  });

  test("are deployed in the order of the calls between services", () => {
    const deploy = JSON.stringify(ci.jobs["deploy"]);
    const variables = serviceNames.map((name) => `${name.toUpperCase().replace("-", "_")}_IMAGE`);
    expect(deploy).toContain(variables.map((name) => String.raw`\"$${name}\"`).join(" "));
    for (const [index, name] of serviceNames.entries()) {
      expect(deploy).toContain(`"${variables[index]}":"\${{ needs.publish.outputs.${name} }}"`);
    }
  });
});

test("the deployment of an older commit does not replace a newer one", () => {
  const steps = stepsOf(ci.jobs["deploy"] ?? {});
  expect(steps[0]).toMatchObject({ with: { "fetch-depth": 0 } });
  const decides = steps.findIndex(({ run }) => run === "scripts/find-newer.sh");
  expect(steps[decides]).toMatchObject({ id: "order" });
  const later = steps.slice(decides + 1);
  expect(later.map((step) => step.if)).toEqual(
    later.map(() => "steps.order.outputs.deploy == 'true'"),
  );
  expect(JSON.stringify(later)).toContain("scripts/deploy.sh");
});

test("bun run check:workflows names the line of a job that cannot start, an action that can change, and a command", async () => {
  await using scratch = temporaryFolder();
  const workflow = `on: push
jobs:
  job:
    runs-on: ubuntu-24.04
    needs: another
    steps:
      - uses: actions/checkout@v7
      - run: scripts/gate.sh && echo
`;
  await Bun.write(join(scratch.path, ".github/workflows/wrong.yml"), workflow);
  const copied = ["check-workflows.ts", "root.ts"].map((name) => join(root, "scripts", name));
  await $`mkdir scripts && cp ${copied} scripts && ln -s ${root}/node_modules .`.cwd(scratch.path);
  const { exitCode, stderr } = await $`${process.execPath} scripts/check-workflows.ts`
    .cwd(scratch.path)
    .quiet()
    .nothrow();
  const lines = stderr.toString().trim().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(
    [3, 7, 8].map((line) => `.github/workflows/wrong.yml:${line}:`),
  );
  expect(exitCode).toBe(1);
});
