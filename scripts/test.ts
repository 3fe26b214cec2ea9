// `bun run test [ARGUMENT...]`: runs the tests on all cores. The processes that run them share one
// PostgreSQL server, one build of the executables, and what kubectl renders.
import { availableParallelism } from "node:os";
import { buildExecutables } from "../shared/testing/build-executables.ts";
import { shareWithRun } from "../shared/testing/shared-by-run.ts";
import { startPostgres } from "../shared/testing/start-postgres.ts";

await using atEnd = new AsyncDisposableStack();
const { env } = atEnd.use(
  shareWithRun({
    async postgres() {
      const { url, stop } = await startPostgres();
      atEnd.defer(stop);
      return url;
    },
    async executables() {
      await buildExecutables();
      return "";
    },
    async kustomization(text) {
      // Looks for a kubectl, and downloads one where there is none.
      const { kustomizeOwn } = await import("../k8s/test/kubectl.ts");
      return await kustomizeOwn(text);
    },
  }),
);
// In a terminal Bun gives its workers FORCE_COLOR, with which everything that tests start would colour its pipes.
const plain = { NO_COLOR: "1", FORCE_COLOR: undefined };
// One process more than there are cores: tests wait, for a process that starts or for time to pass.
const workers = availableParallelism() + 1;
const options = `--parallel=${workers} --max-concurrency=8 --no-isolate --randomize --timeout=60000`;
const command = [process.execPath, "test", ...options.split(" "), ...process.argv.slice(2)];
const tests = Bun.spawn(command, {
  env: { ...process.env, ...plain, ...env },
  stdio: ["inherit", "inherit", "inherit"],
});
// Ctrl-C reaches the tests too, and this process stops the server after them.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => tests.kill("SIGTERM"));
const status = await tests.exited;
process.exitCode = tests.signalCode === null ? status : 1;
