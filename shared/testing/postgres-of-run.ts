// One PostgreSQL server for all processes of a test run: `bun run test` divides the files of tests among
// several, and to start a server takes longer than to run most files.
import { join } from "node:path";
import { startForTestRun } from "./test-run.ts";

/** The address at which the processes of a run ask for its server. */
const variable = "TEST_RUN_POSTGRES";

/** Whether a run has started this process, and offers a server. */
export const hasPostgresOfRun = process.env[variable] !== undefined;

/** Starts a server, which ends with this process, or by `stop`. */
export async function startPostgres() {
  const { printed, stop } = await startForTestRun(join(import.meta.dir, "postgres-server.ts"));
  const { url } = printed as { url: string };
  return { url, stop };
}

/** The URL of the run's server. @throws Error if it cannot start */
export async function postgresOfRun(): Promise<string> {
  const response = await fetch(process.env[variable] ?? "");
  if (!response.ok)
    throw new Error("The server of this test run cannot start; its reason is above");
  return response.text();
}

/**
 * Offers a server, which starts when the first process asks for it, until the end of the scope.
 *
 * @returns `env`: the variables that these processes need
 */
export function offerPostgres() {
  let server: ReturnType<typeof startPostgres> | undefined;
  // The server's URL has its password, which other users of this machine must not get.
  const path = `/${crypto.randomUUID()}`;
  const listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // A busy machine may need longer than a connection may be idle.
    idleTimeout: 0,
    routes: { [path]: async () => new Response((await (server ??= startPostgres())).url) },
    fetch: () => new Response(null, { status: 404 }),
  });
  return {
    env: { [variable]: new URL(path, listener.url).href },
    async [Symbol.asyncDispose]() {
      await listener.stop(true);
      await (await server)?.stop();
    },
  };
}
