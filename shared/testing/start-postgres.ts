// Starts a PostgreSQL server for tests.
import { join } from "node:path";
import { startForTestRun } from "./test-run.ts";

/** Starts a server, which ends by `stop`, or after this process. */
export async function startPostgres() {
  const { printed, stop } = await startForTestRun(join(import.meta.dir, "postgres-server.ts"));
  const { url } = printed as { url: string };
  return { url, stop };
}
