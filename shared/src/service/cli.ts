// Runs the command that a command line names, and ends the process with its exit status.
import { CopyError } from "../copy/copy-error.ts";
import { isExecutable } from "../core/build-info.ts";
import { hasErrno } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import { StorageOpenError } from "../core/storage.ts";
import { ListenError } from "../http/server.ts";
import { BackupError } from "../sqlite/backup.ts";
import { RestoreError } from "../sqlite/restore.ts";
import {
  commands,
  exitStatus,
  FileCommandError,
  type Command,
  type Invocation,
} from "./commands.ts";
import { readServiceConfig, type ServiceDefinition, type ServiceProcess } from "./definition.ts";
import { findDatabase } from "./engine.ts";
import { ConfigError, quote, type Settings } from "./env.ts";
import { refusedVariables } from "./runtime-variables.ts";
import { UsageError } from "./usage-error.ts";
import { commandsUsage } from "./usage.ts";

/** The output of a command cannot be written. One line for the operator. */
class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Errors that the operator can mend: their message is enough, a stack would hide it. */
const operatorErrors = [
  StorageOpenError,
  ListenError,
  BackupError,
  RestoreError,
  OutputError,
  FileCommandError,
  CopyError,
];

/** Runs the command that the command line names, and ends the process. */
export async function runService<S extends Settings, Stores>(
  service: ServiceDefinition<S, Stores>,
  process: ServiceProcess,
): Promise<void> {
  const invocation: Invocation<S, Stores> = {
    service,
    process,
    print: (line) => writeWhole(process.stdout, `${line}\n`),
    readConfig() {
      const config = readServiceConfig(service, process.env);
      const { databaseUrl: url, databasePoolSize: poolSize } = config;
      return { config, database: findDatabase(service.engines, { url, poolSize }) };
    },
  };
  try {
    // From source a debugger is welcome: editors attach theirs by these variables.
    const refused = isExecutable ? refusedVariables(process.env) : [];
    if (refused.length > 0) throw new ConfigError(refused);
    const [name = "serve", ...args] = process.argv.slice(2);
    const status = await findCommand(name, args).run(invocation, ...args);
    process.exit(status ?? exitStatus.ok);
  } catch (error) {
    const { status, lines } = explain(error, { service, process });
    for (const line of lines) process.stderr.write(`${service.name}: ${line}\n`);
    process.exit(status);
  }
}

/** What an operator wrote where a word was expected: what follows `=` may be a password. */
const quoteWord = (text: string) => quote(text.replace(/=.*$/s, "=..."));

/** Whether the operator wrote a URL, which may have a password, where a path was expected. */
const isUrl = (text: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

const commandOf = (name: string) => commands.find(({ call }) => call.split(" ")[0] === name);

/** The command of this name. @throws {UsageError} if there is none, or it takes other arguments */
function findCommand(name: string, args: readonly string[]): Command {
  const command = commandOf(name);
  if (command === undefined) throw new UsageError(`unknown command ${quoteWord(name)}`);
  const option = args.find((argument) => argument.startsWith("-"));
  if (option !== undefined) throw new UsageError(`unknown option ${quoteWord(option)}`);
  const parameters = command.call.split(" ").slice(1);
  if (args.length !== parameters.length || args.includes("")) {
    throw new UsageError(`${name} takes ${parameters.join(" and ") || "no arguments"}`);
  }
  const wrong = parameters.find(
    (parameter, n) => /^(?:FILE|FOLDER)$/.test(parameter) && isUrl(args[n] ?? ""),
  );
  if (wrong !== undefined) throw new UsageError(`${wrong} must be a path, and no URL`);
  return command;
}

/** The exit status and the text of stderr for what a command threw. */
function explain<S extends Settings, Stores>(
  error: unknown,
  { service: { name }, process }: Pick<Invocation<S, Stores>, "service" | "process">,
): { status: number; lines: readonly string[] } {
  if (error instanceof UsageError) {
    const command = commandOf(process.argv[2] ?? "serve");
    // Not the whole text of --help: its lines would scroll the reason out of a terminal.
    const usage =
      command === undefined ? commandsUsage(name, commands) : `Usage: ${name} ${command.call}`;
    const more = `Everything, with the environment variables: ${name} --help`;
    return { status: exitStatus.usage, lines: [`${error.message}\n\n${usage}\n\n${more}`] };
  }
  if (error instanceof ConfigError) return { status: exitStatus.config, lines: error.messages };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const isExpected = operatorErrors.some((expected) => error instanceof expected);
  return { status: exitStatus.failure, lines: [isExpected ? message : (stack ?? message)] };
}

/**
 * Writes text; resolves when all of it is written, since the process ends right after, or when the
 * reader has closed the pipe, as `head` does.
 *
 * @throws {OutputError} for any other reason
 */
function writeWhole(stream: ServiceProcess["stdout"], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (cause?: Error | null) => {
      stream.off("error", end);
      if (!cause || hasErrno(cause, "EPIPE")) return resolve();
      reject(new OutputError(`Cannot write to stdout: ${errorMessage(cause)}`, { cause }));
    };
    stream.once("error", end);
    stream.write(text, end);
  });
}
