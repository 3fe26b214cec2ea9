// The command line of every service's executable.
import { maxBackups, rotateBackups } from "../sqlite/backup-rotation.ts";
import { buildInfo } from "../core/build-info.ts";
import { ConfigError, type Settings } from "./env.ts";
import { hasErrno } from "../core/errno.ts";
import { healthCheck } from "./health-check.ts";
import { printOpenApi } from "./openapi-command.ts";
import { ListenError } from "../http/server.ts";
import { serve } from "./serve.ts";
import { readServiceConfig, type ServiceDefinition, type ServiceProcess } from "./definition.ts";
import { openSqlite, parseSqliteUrl } from "../sqlite/sqlite-storage.ts";
import { backupSqlite, BackupError } from "../sqlite/backup.ts";
import { restoreSqlite, RestoreError } from "../sqlite/restore.ts";
import { StorageOpenError } from "../core/storage.ts";

/** Exit statuses; 78 is EX_CONFIG of sysexits.h. */
const exitStatus = { ok: 0, failure: 1, usage: 2, config: 78 } as const;

const usage = (name: string) => `Usage: ${name} [COMMAND]

Commands:
  serve                       answer requests until told to stop (the default)
  healthcheck                 ask the running service whether it is ready: exit status 0 or 1
  migrate                     bring the database up to date and exit
  backup FILE                 write a consistent copy of the database, which may be in use, to a
                              new file
  backup-rotate FOLDER COUNT  write such a copy to a file named after the time, and then delete all
                              of these but the newest COUNT
  restore FILE                put a copy in the place of the database, which must not be in use, and
                              keep what was there beside it
  openapi                     print the OpenAPI document
  --version                   print the version and the commit
  --help                      print this text

Everything else is configured by environment variables: PORT, HOST, DATABASE_URL, LOG_LEVEL, …
`;

/** Commands by the number of arguments that each takes. */
const commands = new Map([
  ["serve", 0],
  ["healthcheck", 0],
  ["migrate", 0],
  ["backup", 1],
  ["backup-rotate", 2],
  ["restore", 1],
  ["openapi", 0],
  ["--version", 0],
  ["--help", 0],
]);

/** Failures that the operator can mend, told in a line and not by a stack. */
const operatorErrors = [StorageOpenError, ListenError, BackupError, RestoreError];

/** Runs what the command line says, and ends the process. */
export async function runService<S extends Settings>(
  service: ServiceDefinition<S>,
  process: ServiceProcess,
): Promise<void> {
  const [command = "serve", ...rest] = process.argv.slice(2);
  const complain = (text: string) => process.stderr.write(`${text}\n`);

  const fault = usageFault(command, rest);
  if (fault !== undefined) {
    complain(`${service.name}: ${fault}\n\n${usage(service.name).trimEnd()}`);
    process.exit(exitStatus.usage);
  }

  try {
    process.exit(await run(service, process, command, rest));
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const fault of error.messages) complain(`${service.name}: ${fault}`);
      process.exit(exitStatus.config);
    }
    const isExpected = operatorErrors.some((expected) => error instanceof expected);
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    complain(`${service.name}: ${isExpected ? message : (stack ?? message)}`);
    process.exit(exitStatus.failure);
  }
}

/** What is wrong with a command line, if anything is. */
function usageFault(command: string, rest: readonly string[]): string | undefined {
  const wanted = commands.get(command);
  if (wanted === undefined) return `unknown command "${command.slice(0, 100)}"`;
  const option = rest.find((argument) => argument.startsWith("-"));
  if (option !== undefined) return `unknown option "${option.slice(0, 100)}"`;
  const isComplete = rest.length === wanted && !rest.includes("");
  if (!isComplete) return `wrong number of arguments for ${command}`;
  const [, count] = rest;
  const isGood = count === undefined || parseCount(count) !== undefined;
  return isGood ? undefined : `COUNT must be a whole number from 1 to ${maxBackups}`;
}

function parseCount(text: string): number | undefined {
  const count = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= maxBackups ? count : undefined;
}

/** Writes text whole, for a process that ends right after it, or as much as its reader wants. */
function writeWhole(stream: ServiceProcess["stdout"], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error | null) => {
      if (error && !hasErrno(error, "EPIPE")) reject(error);
      else resolve();
    };
    stream.once("error", end);
    stream.write(text, end);
  });
}

/** Runs a command. @returns the exit status */
async function run<S extends Settings>(
  service: ServiceDefinition<S>,
  process: ServiceProcess,
  command: string,
  [file = "", count = ""]: readonly string[],
): Promise<number> {
  const print = (text: string) => writeWhole(process.stdout, `${text}\n`);
  const { name, migrations } = service;
  switch (command) {
    case "--version":
      await print(`${name} ${buildInfo.version} (${buildInfo.commit})`);
      return exitStatus.ok;
    case "--help":
      await writeWhole(process.stdout, usage(name));
      return exitStatus.ok;
    case "openapi":
      await print(await printOpenApi(service));
      return exitStatus.ok;
  }

  const config = readServiceConfig(service, process.env);
  const path = parseSqliteUrl(config.databaseUrl) ?? "";
  switch (command) {
    case "healthcheck": {
      const fault = await healthCheck(config);
      if (fault === undefined) return exitStatus.ok;
      process.stderr.write(`${name}: ${fault}\n`);
      return exitStatus.failure;
    }
    case "migrate": {
      const storage = await openSqlite({ path, migrations });
      await storage.close();
      await print(
        `${path} is at version ${storage.migrated.to}, and was at ${storage.migrated.from}`,
      );
      return exitStatus.ok;
    }
    case "backup":
      await backupSqlite(path, file);
      await print(`${file} is a copy of ${path}`);
      return exitStatus.ok;
    case "backup-rotate": {
      const { made, deleted } = await rotateBackups(path, file, { keep: parseCount(count) ?? 1 });
      await print(`${made} is a copy of ${path}`);
      for (const old of deleted) await print(`${old} is deleted`);
      return exitStatus.ok;
    }
    case "restore": {
      const kept = await restoreSqlite(path, file, { migrations });
      await print(`${path} is a copy of ${file}`);
      if (kept !== undefined) await print(`${kept} is what it was before`);
      return exitStatus.ok;
    }
    default:
      return serve({ service, config, path, process });
  }
}
