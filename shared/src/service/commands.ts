// The commands of every service's executable.
import { buildInfo } from "../core/build-info.ts";
import { maxBackups, rotateBackups } from "../sqlite/backup-rotation.ts";
import { backupSqlite } from "../sqlite/backup.ts";
import { recordBackup } from "../sqlite/last-backup.ts";
import { restoreSqlite } from "../sqlite/restore.ts";
import {
  serviceSettings,
  type ServiceConfig,
  type ServiceDefinition,
  type ServiceProcess,
} from "./definition.ts";
import type { Database } from "./engine.ts";
import { readConfig, type Settings } from "./env.ts";
import { healthCheck } from "./health-check.ts";
import { printOpenApi } from "./openapi-command.ts";
import { serve } from "./serve.ts";
import { UsageError } from "./usage-error.ts";
import { usage } from "./usage.ts";

/** Exit statuses; 78 is EX_CONFIG of sysexits.h. */
export const exitStatus = { ok: 0, failure: 1, usage: 2, config: 78 } as const;

/** A command that copies a database file was given for a server. One line for the operator. */
export class FileCommandError extends Error {
  override readonly name = "FileCommandError";
}

/** What a command works with. */
export interface Invocation<S extends Settings, Stores> {
  readonly service: ServiceDefinition<S, Stores>;
  readonly process: ServiceProcess;
  /** Writes a line to stdout; resolves when all of it is written. */
  print(line: string): Promise<void>;
  /** Reads the environment. @throws {ConfigError} */
  readConfig(): { readonly config: ServiceConfig<S>; readonly database: Database<Stores> };
}

/** A command of the command line. */
export interface Command {
  /** Its name and its arguments, of which none may be left out or empty. */
  readonly call: string;
  /** One line of the usage text. */
  readonly help: string;
  /** @returns the exit status. Default: 0 */
  run<S extends Settings, Stores>(
    invocation: Invocation<S, Stores>,
    ...args: string[]
  ): Promise<number | void>;
}

/** In the order of the usage text. */
export const commands: readonly Command[] = [
  {
    call: "serve",
    help: "serve requests until a signal ends the process (the default)",
    run: ({ service, process, readConfig }) => serve({ service, process, ...readConfig() }),
  },
  {
    call: "healthcheck",
    help: "ask the running service whether it is ready: exit status 0 or 1",
    async run({ service, process }) {
      // HOST and PORT alone: a service is healthy although a file that it read at its start is gone.
      const { host, port } = serviceSettings(service);
      const failure = await healthCheck(readConfig({ host, port }, process.env));
      if (failure === undefined) return exitStatus.ok;
      process.stderr.write(`${service.name}: ${failure}\n`);
      return exitStatus.failure;
    },
  },
  {
    call: "migrate",
    help: "bring the database up to date and exit",
    async run({ print, readConfig }) {
      const { database } = readConfig();
      const { storage, migrated } = await database.open({ maxWaitMs: migrationWaitMs });
      try {
        const { from, to } = await migrated;
        await print(`${database.path ?? database.name} is at version ${to}, and was at ${from}`);
      } finally {
        await storage.close();
      }
    },
  },
  {
    call: "backup FILE",
    help: "copy the database, which may be in use, to a new file",
    async run({ service, process, print, readConfig }, file) {
      const path = fileOf(readConfig());
      await backupSqlite(path, file);
      await print(`${file} is a copy of ${path}`);
      await recordForMetrics(path, { service, process });
    },
  },
  {
    call: "backup-rotate FOLDER COUNT",
    help: "copy it to a file named after the time, and keep the newest COUNT copies",
    async run({ service, process, print, readConfig }, folder, count) {
      const keep = parseCount(count);
      const path = fileOf(readConfig());
      const { made, deleted, failure } = await rotateBackups(path, folder, { keep });
      await print(`${made} is a copy of ${path}`);
      for (const file of deleted) await print(`${file} is deleted`);
      await recordForMetrics(path, { service, process });
      if (failure !== undefined) throw failure;
    },
  },
  {
    call: "restore FILE",
    help: "replace the database, which must not be in use, by a copy; keep the old file",
    async run({ service: { engines }, print, readConfig }, file) {
      const path = fileOf(readConfig());
      const { migrations } = engines.sqlite;
      const kept = await restoreSqlite(path, file, { migrations });
      await print(`${path} is a copy of ${file}`);
      if (kept !== undefined) await print(`${kept} is the old database`);
    },
  },
  {
    call: "copy-to URL",
    help: "copy all rows, while services write, to an empty database of the other engine; URL is its URL, or the path of a file with it, which begins with / or ./",
    run: (invocation, to) => copyTo(invocation, to, false),
  },
  {
    call: "move-to URL",
    help: "the same, and let no service write to the old database until a signal ends this",
    run: (invocation, to) => copyTo(invocation, to, true),
  },
  {
    call: "openapi",
    help: "print the OpenAPI document",
    run: async ({ service, process, print }) => print(await printOpenApi(service, process.env)),
  },
  {
    call: "--version",
    help: "print the version and the commit",
    run: ({ service, print }) =>
      print(`${service.name} ${buildInfo.version} (${buildInfo.commit})`),
  },
  {
    call: "--help",
    help: "print this text",
    run: ({ service, print }) => print(usage(service, commands)),
  },
];

async function copyTo<S extends Settings, Stores>(
  { service: { engines }, process, print, readConfig }: Invocation<S, Stores>,
  to: string,
  moves: boolean,
): Promise<void> {
  const { databaseUrl: from } = readConfig().config;
  // Not imported at the top: a service starts without this code.
  const command = await import("./copy-command.ts");
  await command.copyTo({ engines, from, to, moves, process, print });
}

/** The file of a database. @throws {FileCommandError} if it is a server's */
function fileOf({ database: { name, path } }: { database: Database<unknown> }): string {
  if (path !== undefined) return path;
  throw new FileCommandError(
    `Cannot copy ${name}: this command copies SQLite files; use pg_dump and pg_restore, or the ` +
      "backups of the server; copy-to makes an SQLite file of it",
  );
}

/** Records a backup for the metrics of the service. A failure is a line of stderr: the backup is made. */
async function recordForMetrics(
  path: string,
  { service: { name }, process }: Pick<Invocation<Settings, unknown>, "service" | "process">,
): Promise<void> {
  const failure = await recordBackup(path);
  if (failure === undefined) return;
  process.stderr.write(`${name}: Metrics will not show the backup of "${path}": ${failure}\n`);
}

/** How long the command `migrate` waits for a server, which an orchestrator may start beside it. */
const migrationWaitMs = 10_000;

function parseCount(text: string): number {
  const count = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= maxBackups) return count;
  throw new UsageError(`COUNT must be a whole number from 1 to ${maxBackups}`);
}
