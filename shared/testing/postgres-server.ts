// A process that runs a PostgreSQL server until SIGTERM, or until the test run whose process id is its
// argument has ended, however that ended. Prints its own process id and the URL of the server.
import { freePort } from "./free-port.ts";
import { deleteFolders, initialise, makeDataFolder, reachablePrograms } from "./postgres-files.ts";
import { startPostgresProcess } from "./postgres-process.ts";
import { endOfTestRun } from "./test-run.ts";

/** The server loses its files at its end, so it need not write them safely. */
const settings = [
  "fsync=off",
  "full_page_writes=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "autovacuum=off",
  // Every statement of a test run at once: many pools of 10 sessions, of a process for each core.
  "max_connections=1000",
  // In the folder that is deleted, also after kill -9.
  "dynamic_shared_memory_type=mmap",
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
];

try {
  const programs = await reachablePrograms();
  const folder = await makeDataFolder();
  const password = crypto.randomUUID();
  const data = await initialise(programs, folder, password);
  const port = freePort();
  const server = await startPostgresProcess({ programs, data, port, settings });
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
  console.log(JSON.stringify({ pid: process.pid, url }));
  await Promise.race([endOfTestRun(), server.exited]);
  // Without a checkpoint: its files are deleted.
  server.kill("SIGQUIT");
  await server.exited;
} finally {
  await deleteFolders();
}
