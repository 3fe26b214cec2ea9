import { describe, expect, test } from "bun:test";
import { drawChart } from "../report/chart.ts";
import { errorsIn, rateOf } from "../report/results.ts";
import { summarise } from "../report/summary.ts";
import { table } from "../report/table.ts";
import { judge } from "../report/targets.ts";
import { results } from "./results.ts";

test("rateOf() takes the median, which one odd round does not change", () => {
  const which = { workload: "get-user", connections: 64 };
  expect(rateOf(results, which)).toBe(900);
  expect(rateOf(results, which, "go")).toBeNaN();
});

describe("judge()", () => {
  const targetOf = (start: string) => judge(results).find(({ title }) => title.startsWith(start));

  test("compares medians", () => {
    expect(targetOf("GET /users/{id}, 64 connections, compared with floor")).toEqual({
      title: "GET /users/{id}, 64 connections, compared with floor",
      wanted: "≥ 0.70 ×",
      got: "0.90 ×",
      isReached: true,
    });
  });

  test("misses 'Ahead of node' if node wins one workload at one number of connections", () => {
    expect(targetOf("Ahead of node")).toMatchObject({
      got: "0.88 ×, GET /users/{id} at 256, of 2",
      isReached: false,
    });
  });

  test("leaves a target undecided if the run did not measure it", () => {
    expect(
      targetOf("GET /users/{id}, 64 connections, compared with go")?.isReached,
    ).toBeUndefined();
    expect(targetOf("Ahead of go")?.isReached).toBeUndefined();
    expect(targetOf("GET /users/{id}, two replicas")?.isReached).toBeUndefined();
  });

  test("compares 256 connections with 64", () => {
    expect(targetOf("GET /users/{id} at 256")).toMatchObject({ got: "0.78 ×", isReached: false });
  });

  test("tells constant memory from growing memory", () => {
    const title = "Memory of user-service after";
    expect(targetOf(title)).toMatchObject({ got: "1.00 ×", isReached: true });
    const users = Array.from({ length: 180 }, (_, second) => 100 + second / 4);
    const growing = { ...results, soak: { seconds: 180, users, orders: [], errors: 0 } };
    expect(judge(growing).find((target) => target.title.startsWith(title))?.isReached).toBe(false);
  });

  test("reaches a target of traces if the whole interval of their cost is below it", () => {
    expect(targetOf("Traces: the cost of 1 %")).toMatchObject({
      got: "0.9 %, at most 1.8 %",
      isReached: true,
    });
    expect(targetOf("Traces: the cost of all")).toMatchObject({
      got: "21.9 %, at most 27.3 %",
      isReached: false,
    });
  });

  test("reaches the target of tokens if the whole interval of their cost is below it", () => {
    expect(targetOf("Tokens: the cost")).toMatchObject({
      wanted: "< 7.0 %",
      got: "5.3 %, at most 8.0 %",
      isReached: false,
    });
  });

  test("leaves the cost of traces undecided after too few starts", () => {
    const traces = { ...results.traces, starts: results.traces.starts.slice(1) };
    const target = judge({ ...results, traces }).find(({ title }) => title.startsWith("Traces"));
    expect(target?.isReached).toBeUndefined();
  });

  test("compares the cold start with Node's", () => {
    expect(targetOf("Cold start, compared with node's")).toMatchObject({
      wanted: "< 300 ms",
      got: "45 ms",
      isReached: true,
    });
  });
});

describe("judge() on PostgreSQL", () => {
  const [many, few] = results.throughput;
  const onPostgres = { ...results, engine: "postgres" as const };
  const targetOf = (from: typeof results, start: string) =>
    judge(from).find(({ title }) => title.startsWith(start));

  test("has goals of its own, and none for the cold start", () => {
    const title = "GET /users/{id}, 64 connections, compared with node";
    expect(targetOf(results, title)?.wanted).toBe("≥ 2.0 ×");
    expect(targetOf(onPostgres, title)?.wanted).toBe("≥ 2.5 ×");
    expect(targetOf(onPostgres, "Cold start")).toBeUndefined();
  });

  test("misses 'one client' if the platform is more than a tenth behind Go", () => {
    const atOne = (platform: number) => ({
      ...onPostgres,
      throughput: [
        {
          workload: "get-user",
          connections: 1,
          samples: {
            platform: (few?.samples["platform"] ?? []).map((sample) => ({
              ...sample,
              requestsPerSecond: platform,
            })),
            go: many?.samples["floor"] ?? [],
          },
        },
      ],
    });
    const title = "GET /users/{id}, 1 connections, compared with go";
    expect(targetOf(atOne(910), title)).toMatchObject({ got: "0.91 ×", isReached: true });
    expect(targetOf(atOne(890), title)).toMatchObject({ got: "0.89 ×", isReached: false });
  });
});

test("errorsIn() counts the errors of every measurement", () => {
  const sample = { requestsPerSecond: 1, p99Ms: 1, errors: 2 };
  const replicas = [{ workload: "get-user" as const, one: [sample], two: [sample] }];
  expect(errorsIn(results)).toBe(0);
  expect(errorsIn({ ...results, replicas })).toBe(4);
});

test("table() aligns its columns, numbers to the right", () => {
  expect(table(["Peer", "Rate"], [["floor", "1,000"], ["a"]])).toBe(
    ["| Peer  |  Rate |", "| ----- | ----: |", "| floor | 1,000 |", "| a     |       |"].join("\n"),
  );
});

test("summarise() prints the rate and ratio of every peer, and how to include a peer that was left out", () => {
  const text = summarise(results);
  expect(text).toContain("900 | 800–5,000 |");
  expect(text).toContain("1,000 (0.90 ×)");
  expect(text).toContain("100 (9.0 ×)");
  expect(text).toContain("Left out: Go: net/http. To include it: apt-get install golang-go");
  expect(text).toContain("NOT reached");
});

test("summarise() prints what traces cost with its interval, and the noise of the run", () => {
  const text = summarise(results);
  expect(text).toMatch(/Off, once more +\|.*\| +0\.3 % \| +0\.0 % to 1\.2 % \|/);
  expect(text).toMatch(/1 % of all traces +\|.*\| +0\.9 % \| +0\.6 % to 1\.8 % \|/);
});

test("summarise() does not count the collector of the traces among other processes", () => {
  const starts = results.traces.starts.map((start) =>
    Object.fromEntries(
      Object.entries(start).map(([name, own]) => [
        name,
        own.map((sample) => ({ ...sample, othersShare: 0.4 })),
      ]),
    ),
  );
  const text = summarise({ ...results, traces: { ...results.traces, starts } });
  expect(text).toContain("Other processes used 1 % of the cores, at most 1 %, traces left out");
});

test("summarise() prints the processor time of the database server where there is one", () => {
  const samples = Object.fromEntries(
    Object.entries(results.throughput[0]?.samples ?? {}).map(([name, own]) => [
      name,
      own.map((sample) => ({ ...sample, serverUsPerRequest: 77 })),
    ]),
  );
  const throughput = [{ workload: "get-user", connections: 64, samples }];
  const text = summarise({ ...results, engine: "postgres", storage: "A server", throughput });
  expect(text).toContain("- A server");
  expect(text).toMatch(/The same of the database server\.\n\n.*\n.*\n\| GET .*\b77\b/);
  expect(summarise(results)).not.toContain("database server");
});

describe("drawChart()", () => {
  const chart = drawChart(results, 64);

  test("escapes the names of peers", () => {
    expect(chart.match(/<text /g)?.length).toBe(chart.match(/<\/text>/g)?.length);
    expect(chart).toContain("Floor &amp; &lt;all&gt;");
    expect(chart).not.toContain("<all>");
  });

  test("draws bars as long as their rates, and prints the ratios", () => {
    const bars = [...chart.matchAll(/width="([\d.]+)" height="12" rx="2" class="(\w+)"/g)];
    expect(bars.map(([, width, kind]) => [kind, Number(width)])).toEqual([
      ["platform", 342],
      ["floor", 380],
      ["peer", 38],
    ]);
    expect(chart).toContain(">100 · 9.0 ×<");
  });
});
