// Prometheus itself reads /metrics.
import { expect } from "bun:test";
import { createUser } from "../support/platform/resources.ts";
import { startService } from "../support/platform/services.ts";
import { startProxy } from "./proxy.ts";
import { testWith } from "../../shared/testing/required-program.ts";

interface QueryResult {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

testWith("prometheus", "scrapes /metrics, and finds the requests that were counted", async () => {
  await using users = await startService("user-service");
  await createUser(users);
  await using prometheus = await startProxy("prometheus", {
    file: "prometheus.yml",
    configuration: () => `
global: { scrape_interval: 100ms, scrape_timeout: 100ms }
scrape_configs:
  - job_name: users
    static_configs: [{ targets: ["127.0.0.1:${users.port}"] }]
`,
    args: (folder, port) => [
      "--config.file=prometheus.yml",
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
  const valueOf = async (query: string) => {
    const response = await prometheus.fetch(`/api/v1/query?query=${encodeURIComponent(query)}`);
    // It is 503 until Prometheus has read its database.
    if (!response.ok) return undefined;
    const { data } = (await response.json()) as QueryResult;
    return data.result[0]?.value[1];
  };
  let up: string | undefined;
  while ((up = await valueOf("up")) === undefined) await Bun.sleep(50);
  expect(up).toBe("1");
  const counted = 'http_requests_total{method="POST",endpoint="/users",status="201"}';
  expect(await valueOf(counted)).toBe("1");
});
