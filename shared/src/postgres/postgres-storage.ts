// A database on a PostgreSQL server, for any number of processes on any number of machines.
import type { SQL } from "bun";
import type { Migrated } from "../core/migration.ts";
import {
  StorageOpenError,
  StorageUnavailable,
  type Storage,
  type StorageObserver,
} from "../core/storage.ts";
import { Retries } from "./retries.ts";
import { isRightMissing, isSessionLost, isTableMissing } from "./error-codes.ts";
import {
  commitFailure,
  isLockTimeout,
  isReadOnly,
  ReadOnlyServer,
  toStorageError,
} from "./errors.ts";
import { FirstContact } from "./first-contact.ts";
import { MissingRights } from "./missing-rights.ts";
import type { PostgresAddress } from "./postgres-url.ts";
import { Reachability, type ReachabilityChanged } from "./reachability.ts";
import { defaultStatementTimeoutMs, Sessions, type Statement } from "./sessions.ts";

export type { Statement } from "./sessions.ts";

/** A database on a server. Its functions do not need `this`. */
export interface PostgresStorage extends Storage {
  /** Resolves once the schema is up to date. @throws {StorageOpenError} if that cannot be, or not in time */
  readonly migrated: Promise<Migrated>;

  /**
   * Runs one statement that only reads. It is retried, a few times, if its session was lost, or if the
   * server undid it for the sake of another one.
   *
   * @throws {StorageUnavailable}
   * @throws {ValueRefused} if the server refused a parameter
   */
  read<Row>(statement: Statement<Row>): Promise<Row[]>;

  /**
   * Runs one statement that writes, and resolves once it would survive a crash of the server. It is
   * atomic by itself: no transaction stays open across turns of the event loop. It is retried if the
   * server undid it for the sake of another one, and never if its outcome is unknown.
   *
   * @param queuedAt when each write of a caller that it has was queued, on the clock of
   * `performance.now()`, for the metrics; their batch observes each of them. Default: one write, now,
   * which is observed here
   * @throws {StorageUnavailable} with `interrupted`, the write may have been stored
   * @throws {ValueRefused} if a constraint refused a value
   */
  write<Row>(statement: Statement<Row>, queuedAt?: readonly number[]): Promise<Row[]>;

  /** Adds a queue of writes to those in the metrics. */
  watchQueue(length: () => number): void;

  /** The observer's. */
  readonly writeQueued: StorageObserver["writeQueued"];
}

/** Which database to open, and how. */
export interface PostgresOptions {
  readonly address: PostgresAddress;
  /** In their order: `migrations[n - 1]` leads to version n. */
  readonly migrations: readonly string[];
  /** The most sessions at once. */
  readonly poolSize: number;
  /** How long to try to reach a server that is away, in ms. Default: no limit. */
  readonly maxWaitMs?: number | undefined;
  /** The server ends a statement after this time. Default: 3250. */
  readonly statementTimeoutMs?: number;
  readonly observer?: StorageObserver;
  /**
   * The server was lost, or came back; a server that takes no writes counts as lost, one whose disk is full
   * does not. Called again for a lost one that turns out to refuse this role or its certificate, to be
   * read-only, or whose commits wait.
   *
   * @param reason why it cannot be reached
   */
  readonly reachabilityChanged?: ReachabilityChanged;
  /**
   * The role lacks a right that it had at the start. Called once a minute while statements fail for it.
   *
   * @param reason what it lacks, and the remedy
   */
  readonly rightMissed?: (reason: string) => void;
}

/** A ping that takes longer has failed. */
const maxPingMs = 1000;

const readOnlyState = (sql: SQL) => sql<{ read_only: boolean }[]>`
  SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only`;

/** Makes what reports, once, how long the statement of these callers has waited for its session. */
function waitObserver(
  observer: StorageObserver | undefined,
  queuedAt: readonly number[],
): () => void {
  if (observer === undefined) return () => undefined;
  let isReported = false;
  return () => {
    if (isReported) return;
    isReported = true;
    const now = performance.now();
    for (const at of queuedAt) observer.waited((now - at) / 1000);
  };
}

/**
 * Opens a database and brings its schema up to date. If the server is away, it resolves all the same,
 * and goes on trying for `maxWaitMs`: until then everything rejects as `unreachable`.
 *
 * @throws {StorageOpenError} if the server refuses, or the schema is another one
 */
export async function openPostgres({
  address,
  migrations,
  poolSize: max,
  maxWaitMs,
  statementTimeoutMs = defaultStatementTimeoutMs,
  observer,
  reachabilityChanged,
  rightMissed,
}: PostgresOptions): Promise<PostgresStorage> {
  const { name, rootCertificate } = address;
  if (rootCertificate !== undefined && !(await Bun.file(rootCertificate).exists())) {
    throw new StorageOpenError(
      `Cannot use the database ${name}: there is no file "${rootCertificate}"; check sslrootcert`,
    );
  }
  const sessions = new Sessions(address, { max, statementTimeoutMs, observer });
  const reachability = new Reachability(sessions, reachabilityChanged);
  const rights = new MissingRights(rightMissed);
  const contact = new FirstContact({ sessions, reachability, name, migrations, maxWaitMs });
  let pinging: Promise<void> | undefined;
  let closed: Promise<void> | undefined;

  function refuseIfNotReady(): void {
    if (closed !== undefined) throw new Error("Cannot use the storage: it is closed");
    if (!contact.isMade) throw new StorageUnavailable("unreachable");
  }

  /**
   * Does what a failed statement calls for: renews the sessions, looks where the server is now, counts a
   * wait for a lock, and tells the operator.
   *
   * @returns what the caller gets for the error
   */
  function handleFailure(error: unknown, isWrite: boolean): unknown {
    const wanted = toStorageError(error, isWrite);
    // A session keeps the state of its beginning, and the address may lead to another server by now.
    if (isReadOnly(error)) sessions.renew();
    if (isRightMissing(error) || isTableMissing(error)) rights.missed(error);
    else if (wanted instanceof StorageUnavailable) {
      const isServerThere = wanted.reason === "busy" || wanted.reason === "full";
      if (isWrite && isLockTimeout(wanted)) observer?.lockWaited();
      if (!isServerThere) void sessions.follow();
      const isOneSessionLost = wanted.reason === "interrupted" && isSessionLost(error);
      if (!isServerThere && !isOneSessionLost) reachability.lost(error);
    }
    return wanted;
  }

  async function read<Row>(statement: Statement<Row>): Promise<Row[]> {
    refuseIfNotReady();
    const retries = new Retries({ isWrite: false, waitsForLocks: true });
    const onTurn = waitObserver(observer, [performance.now()]);
    for (;;) {
      try {
        const rows = await sessions.run(statement, false, onTurn);
        reachability.reached("read");
        return rows;
      } catch (error) {
        if (!(await retries.waitToRetry(error))) throw handleFailure(error, false);
      }
    }
  }

  async function writeFor<Row>(
    queuedAt: readonly number[],
    statement: Statement<Row>,
  ): Promise<Row[]> {
    refuseIfNotReady();
    const retries = new Retries({ isWrite: true, waitsForLocks: queuedAt.length === 1 });
    const onTurn = waitObserver(observer, queuedAt);
    for (;;) {
      const startedAt = performance.now();
      try {
        const rows = await sessions.run(statement, true, onTurn);
        reachability.reached("write");
        observer?.committed((performance.now() - startedAt) / 1000, queuedAt.length);
        return rows;
      } catch (error) {
        if (await retries.waitToRetry(error)) continue;
        const failure = commitFailure(error);
        if (failure !== undefined) observer?.commitFailed(failure);
        throw handleFailure(error, true);
      }
    }
  }

  /** As {@link writeFor} one caller, whose write is observed here. */
  async function writeAlone<Row>(statement: Statement<Row>): Promise<Row[]> {
    const settled = observer?.writeQueued?.("postgresql");
    try {
      const rows = await writeFor([performance.now()], statement);
      settled?.(1);
      return rows;
    } catch (error) {
      settled?.(0, error);
      throw error;
    }
  }

  async function requireWritable(): Promise<void> {
    const [state] = await sessions.runFirst(readOnlyState, maxPingMs);
    if (!state?.read_only) return;
    throw new StorageUnavailable("unreachable", { cause: new ReadOnlyServer() });
  }

  async function ping(): Promise<void> {
    refuseIfNotReady();
    let lacksRights: boolean;
    try {
      await requireWritable();
      reachability.reached("check");
      lacksRights = await rights.areMissing(sessions, maxPingMs);
    } catch (error) {
      throw handleFailure(error, false);
    }
    if (lacksRights) throw new StorageUnavailable("unreachable");
  }

  async function close(discardsQueue: boolean): Promise<void> {
    contact.stop();
    await sessions.close(discardsQueue);
  }

  try {
    await contact.begin();
  } catch (error) {
    await sessions.close(true);
    throw error;
  }

  return {
    migrated: contact.migrated,
    read,
    write: (statement, queuedAt) =>
      queuedAt === undefined ? writeAlone(statement) : writeFor(queuedAt, statement),
    watchQueue: (length) => observer?.watchQueue(length),
    writeQueued: observer?.writeQueued,
    ping: () => (pinging ??= ping().finally(() => (pinging = undefined))),
    secret: (secretName) => contact.secret(secretName),
    close: (discardsQueue = false) => (closed ??= close(discardsQueue)),
  };
}
