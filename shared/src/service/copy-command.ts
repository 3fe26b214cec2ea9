// The command `copy-to`: from `DATABASE_URL` to a database of the other engine.
import { SQLiteError } from "bun:sqlite";
import { resolve } from "node:path";
import { keepBlocked } from "../copy/blocked-writes.ts";
import { CommitUnknown, CopyError, RowRefused } from "../copy/copy-error.ts";
import { copyAll, type CopiedTableSummary } from "../copy/copy.ts";
import type { CopySource, CopyTarget } from "../copy/database.ts";
import { postgresSource } from "../copy/postgres-source.ts";
import { postgresTarget } from "../copy/postgres-target.ts";
import { sqliteSource } from "../copy/sqlite-source.ts";
import { sqliteTarget } from "../copy/sqlite-target.ts";
import { errnoReason } from "../core/errno.ts";
import { errorMessage } from "../core/error-message.ts";
import { StorageOpenError, StorageUnavailable } from "../core/storage.ts";
import { operatorReason as postgresReason } from "../postgres/operator-reason.ts";
import { parsePostgresUrl, postgresUrlRemedy } from "../postgres/postgres-url.ts";
import { operatorReason as sqliteReason } from "../sqlite/errors.ts";
import { parseSqliteUrl, sqliteUrlRemedy } from "../sqlite/sqlite-url.ts";
import type { ServiceProcess } from "./definition.ts";
import type { Engines, PostgresEngine } from "./engine.ts";
import { ignoredSignals } from "./start-signals.ts";
import { UsageError } from "./usage-error.ts";

interface CopyToOptions {
  readonly engines: Engines<unknown>;
  /** A value that the setting `DATABASE_URL` allows. */
  readonly from: string;
  /** What the operator wrote: a URL, or the path of a file that has it. */
  readonly to: string;
  /** Whether services cannot write to the source from the copied state on, until a signal ends this. */
  readonly moves: boolean;
  readonly process: Pick<ServiceProcess, "on" | "stderr">;
  /** Writes a line to stdout. */
  print(line: string): Promise<void>;
}

/** Both ends of a copy, with their names for the operator. */
interface Ends {
  readonly names: readonly [from: string, to: string];
  open(engine: PostgresEngine<unknown>): { source: CopySource; target: CopyTarget };
}

/** Between two lines of progress on a terminal. */
const progressMs = 1000;

/**
 * Copies all rows of a database, in one state of it, to an empty database of the other engine.
 *
 * @throws {UsageError} if `to` is no URL of a database
 * @throws {CopyError} or StorageOpenError if the copy failed; it leaves nothing behind
 * @throws {CopyError} if services could write to the source again before a signal ended a move
 */
export async function copyTo(options: CopyToOptions): Promise<void> {
  const { engines, moves, process, print } = options;
  const stop = new AbortController();
  const { names, open } = findEnds({ ...options, to: await readUrl(options.to) }, stop.signal);
  const [from, to] = names;
  for (const signal of endingSignals()) process.on(signal, () => stop.abort(signal));
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  let toldAt = performance.now();
  function progress(table: string, done: number, total: number): void {
    if (!process.stderr.isTTY || performance.now() - toldAt < progressMs) return;
    toldAt = performance.now();
    tell(`${table}: ${done} of ${total}`);
  }
  await using ends = new AsyncDisposableStack();
  let opened: ReturnType<Ends["open"]>;
  let copied: readonly CopiedTableSummary[];
  try {
    const engine = await engines.postgres?.();
    if (engine === undefined) throw new CopyError("this service runs on SQLite alone");
    opened = open(engine);
    const { source, target } = opened;
    ends.defer(() => source.close());
    ends.defer(() => target.close());
    tell(`Copying ${from} to ${to}`);
    const { tables } = engine;
    copied = await copyAll({ source, target, tables, signal: stop.signal, progress });
  } catch (error) {
    if (error instanceof StorageOpenError) throw error;
    const why = reasonOf(error, stop.signal);
    throw new CopyError(`Cannot copy ${from} to ${to}: ${why}`, { cause: error });
  }
  for (const summary of copied) await print(lineOf(summary));
  await print(`${to} is a copy of ${from}`);
  if (!moves) return;
  tell(`No service can write to ${from} until this command ends: press Ctrl-C once none uses it`);
  try {
    await keepBlocked(opened.source, stop.signal);
  } catch (error) {
    throw new CopyError(
      `Services may have written to ${from} since it was copied: ${reasonOf(error, stop.signal)}; unless ` +
        `they were stopped before, stop them, make ${to} anew, and begin the move again`,
      { cause: error },
    );
  }
}

/**
 * The URL that the operator wrote, or the one in the file whose path the operator wrote: other users of
 * the machine see what stands on a command line.
 *
 * @throws {CopyError} if there is no such file
 */
async function readUrl(text: string): Promise<string> {
  if (!/^\.{0,2}\//.test(text)) return text;
  try {
    return (await Bun.file(text).text()).trim();
  } catch (error) {
    throw new CopyError(`Cannot read the URL in "${text}": ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

function lineOf({ name, rows, children, checksum }: CopiedTableSummary): string {
  const what = children > 0 ? `${rows} rows with ${children} child rows` : `${rows} rows`;
  return `${name}: ${what}, SHA-256 ${checksum}`;
}

/**
 * Finds out which way to copy.
 *
 * @throws {UsageError} if the operator's text is no URL, {@link CopyError} if there is another way
 */
function findEnds(
  { engines: { sqlite }, from, to, moves: blocksWrites }: CopyToOptions,
  signal: AbortSignal,
): Ends {
  const [fromPath, toPath] = [parseSqliteUrl(from), parseSqliteUrl(to)];
  const [fromServer, toServer] = [parsePostgresUrl(from), parsePostgresUrl(to)];
  if (fromPath !== undefined && toServer !== undefined) {
    return {
      names: [resolve(fromPath), toServer.name],
      open: ({ migrations, tables }) => ({
        source: sqliteSource(fromPath, sqlite.migrations, tables, { blocksWrites }),
        target: postgresTarget(toServer, migrations, tables, signal),
      }),
    };
  }
  if (fromServer !== undefined && toPath !== undefined) {
    return {
      names: [fromServer.name, resolve(toPath)],
      open: ({ migrations, tables }) => ({
        source: postgresSource(fromServer, migrations, tables, { blocksWrites, signal }),
        target: sqliteTarget(toPath, sqlite.migrations, tables),
      }),
    };
  }
  if (toPath !== undefined) {
    throw new CopyError(`Cannot copy to ${resolve(toPath)}: both are SQLite files; use backup`);
  }
  if (toServer !== undefined) {
    throw new CopyError(
      `Cannot copy to ${toServer.name}: both are PostgreSQL databases; use pg_dump and pg_restore`,
    );
  }
  // The text may hold a password.
  const remedy = sqliteUrlRemedy(to) ?? postgresUrlRemedy(to);
  const allowed =
    "sqlite: and the path of a file, postgres://user:password@host:5432/name, or the path of a file " +
    "with one of these, which begins with / or ./";
  throw new UsageError(`URL must be ${allowed}${remedy === undefined ? "" : `; ${remedy}`}`);
}

/** Signals by which an operator ends the command. */
function endingSignals() {
  const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
  const ignored = ignoredSignals(signals);
  return signals.filter((signal) => !ignored.includes(signal));
}

/** Errors of the program itself, whose stack helps to mend it. */
const bugs = [TypeError, RangeError, ReferenceError, SyntaxError];

function reasonOf(error: unknown, { aborted, reason }: AbortSignal): string {
  if (error instanceof CommitUnknown) return error.message;
  if (aborted) return `${String(reason)} has ended it; nothing was copied`;
  if (error instanceof CopyError || error instanceof RowRefused) return error.message;
  if (bugs.some((bug) => error instanceof bug)) throw error;
  return isOfFile(error) ? sqliteReason(error) : postgresReason(error);
}

/** Whether an error comes from SQLite or from the file system, and not from the server or the network. */
function isOfFile(error: unknown): boolean {
  if (error instanceof StorageUnavailable) return error.reason !== "unreachable";
  if (error instanceof SQLiteError || errnoReason(error) !== undefined) return true;
  return error instanceof Error && !("code" in error);
}
