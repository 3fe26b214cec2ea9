// `bun run test [ARGUMENT...]`: runs the tests on all cores, with one PostgreSQL server.
import { offerPostgres } from "../shared/testing/postgres-of-run.ts";

await using postgres = process.env["TEST_DATABASE_URL"] ? undefined : offerPostgres();

const options = ["--parallel", "--no-isolate", "--randomize", "--timeout", "60000"];
const tests = Bun.spawn([process.execPath, "test", ...options, ...process.argv.slice(2)], {
  env: { ...process.env, ...postgres?.env },
  stdio: ["inherit", "inherit", "inherit"],
});
// Ctrl-C reaches the tests too, and this process stops the server after them.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => tests.kill("SIGTERM"));
const status = await tests.exited;
process.exitCode = tests.signalCode === null ? status : 1;
