// Every query of every panel and rule on a real Prometheus that has seen the executables through incidents.
import { expect } from "bun:test";
import { testWith } from "../../shared/testing/required-program.ts";
import { createDatabases, startOnPostgres } from "../support/platform/postgres-platform.ts";
import { startPlatform } from "../support/platform/services.ts";
import { startPostgresServer } from "../support/postgres-server.ts";
import { coverage, dueAlerts, expectAnswers, expectChoices, expectCounted } from "./answers.ts";
import { backUp, frozenUserService, heldLock, ordinaryLoad, type Watch } from "./incidents.ts";
import { startPrometheus, type Target } from "./prometheus.ts";

/** Alerts on the incidents: each is due, and would fire if its incident went on. */
const due = [
  "CircuitOpen",
  "ErrorBudgetBurnsFast",
  "RequestsShed",
  "StorageRefusing",
  "TargetDown",
  "UpstreamFailing",
];
/** Alerts on what has not happened. */
const quiet = [
  "BackupTooOld",
  "CallsRefused",
  "CommitsFailing",
  "CrashLooping",
  "FileDescriptorsRunningOut",
  "NoReplicaReady",
  "Restarting",
  "TargetMissing",
  "WalGrows",
];

testWith(
  "prometheus",
  "every panel, variable and rule answers after incidents, with the labels of Compose and of Kubernetes",
  async () => {
    await using server = await startPostgresServer();
    await using onSqlite = await startPlatform({
      orders: { MAX_IN_FLIGHT: "8", USER_SERVICE_TIMEOUT_MS: "300" },
    });
    // No collector listens there.
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
    await using onPostgres = await startOnPostgres(await createDatabases(server), {
      users: traced,
      orders: traced,
    });
    const targets: readonly Target[] = [onSqlite, onPostgres].flatMap(({ users, orders }) => [
      { service: "user-service", running: users },
      { service: "order-service", running: orders },
    ]);
    await using plain = await startPrometheus("plain", targets);
    await using operator = await startPrometheus("operator", targets);

    const watch: Watch = {
      until: async (query) => void (await Promise.all([plain.until(query), operator.until(query)])),
    };

    await backUp(onSqlite.folder);
    const [load, other] = await Promise.all([
      ordinaryLoad(onSqlite, watch),
      ordinaryLoad(onPostgres, watch),
    ]);
    await frozenUserService(onSqlite, load.userId, watch);
    await heldLock(onSqlite, load.orderId);
    await watch.until('sum(storage_refused_total{reason="busy"}) > 3');
    await watch.until("sum(http_requests_aborted_total) > 3");

    for (const prometheus of [plain, operator]) {
      await expectAnswers(prometheus);
      await expectCounted(prometheus, [load, other]);
      const alerts = await dueAlerts(prometheus);
      expect(alerts).toEqual(expect.arrayContaining(due));
      expect(alerts.filter((alert) => quiet.includes(alert))).toEqual([]);
    }
    await expectChoices(plain, []);
    await expectChoices(operator, ["shop"]);
    console.log(coverage());
  },
);
