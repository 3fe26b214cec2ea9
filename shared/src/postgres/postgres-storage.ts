// A database on a PostgreSQL server, for any number of processes on any number of machines.
import { atMostEvery } from "../core/at-most-every.ts";
import type { Migrated } from "../core/migration.ts";
import {
  StorageOpenError,
  StorageUnavailable,
  type SecretName,
  type Storage,
  type StorageObserver,
} from "../core/storage.ts";
import {
  commitFailure,
  commitsWaitOf,
  isLockTimeout,
  isPermanent,
  isReadOnly,
  isRightMissing,
  isSerializationFailure,
  isSessionLost,
  isTableMissing,
  operatorReason,
  toStorageError,
} from "./errors.ts";
import { migrate } from "./migrations.ts";
import { openSession } from "./open-session.ts";
import type { PostgresAddress } from "./postgres-url.ts";
import { requireRowRights, tablesWithoutRights } from "./row-rights.ts";
import { readSecrets } from "./secrets.ts";
import { watchSession } from "./session-watch.ts";
import { defaultStatementTimeoutMs, Sessions, type Statement } from "./sessions.ts";
import { withTimeout } from "../core/with-timeout.ts";

export type { Statement } from "./sessions.ts";

/** A database on a server. Its functions do not need `this`. */
export interface PostgresStorage extends Storage {
  /** Resolves once the schema is up to date. @throws {StorageOpenError} if that cannot be */
  readonly migrated: Promise<Migrated>;

  /**
   * Runs one statement that only reads. It is repeated, a few times, if its session was lost, or if the
   * server undid it for the sake of another one.
   *
   * @throws {StorageUnavailable}
   * @throws {ValueRefused} if the server refused a parameter
   */
  read<Row>(statement: Statement<Row>): Promise<Row[]>;

  /**
   * Runs one statement that writes, and resolves once it would survive a crash of the server. It is
   * atomic by itself: no transaction stays open across turns of the event loop. It is repeated if the
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
  /** The server ends a statement after this time. Default: 3250. */
  readonly statementTimeoutMs?: number;
  readonly observer?: StorageObserver;
  /**
   * The server was lost, or came back; a server that takes no writes counts as lost. Called again for a
   * lost one that turns out to refuse this role or its certificate, or whose commits wait.
   *
   * @param reason why it cannot be reached
   */
  readonly reachabilityChanged?: (isReachable: boolean, reason: string) => void;
  /**
   * The role lacks a right that it had at the start. Called once a minute while statements fail for it.
   *
   * @param reason what it lacks, and the remedy
   */
  readonly rightMissed?: (reason: string) => void;
}

/** Between two attempts to reach a server that is away. */
const retryMs = 500;

/** How long the first contact may take, and each later one; a silent server counts as away. */
const maxContactMs = 3500;

/** A ping that takes longer has failed. */
const maxPingMs = 1000;

/**
 * The pauses before a read whose session was lost is repeated. Often all sessions are lost at once,
 * and this process has not heard yet of each.
 */
const readPausesMs = [20, 40, 80];

/** A statement is repeated within this time after its first start alone: its caller waits for both. */
const maxRepeatMs = 1000;

/**
 * A statement that waits for a lock is repeated until so much time has passed. A write for several
 * callers is not: each of them can be served alone.
 */
const maxLockWaitMs = 1500;

/** How often a statement is tried that the server has undone for the sake of another one. */
const maxTries = 5;

/** Between two calls of `rightMissed`. */
const rightMissedMs = 60_000;

/** The statements that were in each other's way must not meet again. @param tries from 1 */
const pauseMsAfterConflict = (tries: number) => Math.random() * 5 * 2 ** tries;

/** How long to wait before a read that failed is repeated; undefined if it is not. @param tries from 1 */
function pauseMsBeforeRead(error: unknown, tries: number): number | undefined {
  if (isSessionLost(error)) return readPausesMs[tries - 1];
  return isSerializationFailure(error) && tries < maxTries
    ? pauseMsAfterConflict(tries)
    : undefined;
}

/**
 * Opens a database and brings its schema up to date. If the server is away, it resolves all the same,
 * and goes on trying: until then everything rejects as `unreachable`.
 *
 * @throws {StorageOpenError} if the server refuses, or the schema is another one
 */
export async function openPostgres({
  address,
  migrations,
  poolSize: max,
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
  const stop = new AbortController();
  const migrated = Promise.withResolvers<Migrated>();
  let onGateTimeout: (() => void) | undefined;
  const sessions = new Sessions(address, {
    max,
    statementTimeoutMs,
    onGateTimeout: () => onGateTimeout?.(),
  });
  onGateTimeout = observer?.watchSessions(() => sessions.counts);
  observer?.watchQueue(() => sessions.counts.waiting);

  let secrets: ReadonlyMap<string, Uint8Array> | undefined;
  let isReachable = true;
  let lostReason = "";
  let mayLackRights = false;
  const mayTellRight = atMostEvery(rightMissedMs);
  let pinging: Promise<void> | undefined;
  let closed: Promise<void> | undefined;

  function reached(): void {
    // Reads succeed also while writes are refused.
    if (isReachable || sessions.refusesWrites) return;
    isReachable = true;
    reachabilityChanged?.(true, "");
  }

  function notReached(error: unknown): void {
    const reason = operatorReason(error);
    // A server that was restarted with another password first ends the sessions, and one whose
    // commits wait first gives no response: of the two reasons, the operator needs the second.
    const isTelling = isPermanent(error) || commitsWaitOf(error) !== undefined;
    const isNews = isReachable || (isTelling && reason !== lostReason);
    if (!isNews) return;
    isReachable = false;
    lostReason = reason;
    reachabilityChanged?.(false, reason);
  }

  function lacksRight(error: unknown): void {
    mayLackRights = true;
    if (mayTellRight()) rightMissed?.(operatorReason(error));
  }

  /** Migrates on a session of its own. @throws what Bun.SQL does, StorageOpenError */
  async function contact(): Promise<Migrated> {
    const end = new AbortController();
    try {
      const signal = AbortSignal.any([stop.signal, end.signal]);
      const { target } = sessions;
      const { sql, isPooled, pid } = await openSession(target, maxContactMs, signal);
      const migrating = migrate(sql, name, migrations);
      const result = await (pid === undefined ? migrating : watchSession(migrating, target, pid));
      const reading = readSecrets(sql).then(async (found) => {
        await requireRowRights(sql, name);
        return found;
      });
      const found = await withTimeout(
        reading,
        maxContactMs,
        () => new StorageUnavailable("unreachable"),
      );
      sessions.isPooled = isPooled;
      secrets = found;
      return result;
    } finally {
      end.abort();
    }
  }

  /** Whether the server was reached. @throws {StorageOpenError} if it never will be */
  async function tryContact(): Promise<boolean> {
    try {
      const result = await contact();
      reached();
      migrated.resolve(result);
      return true;
    } catch (error) {
      if (stop.signal.aborted) return true;
      if (error instanceof StorageOpenError) throw error;
      if (isPermanent(error)) {
        const why = operatorReason(error);
        throw new StorageOpenError(`Cannot use the database ${name}: ${why}`, { cause: error });
      }
      notReached(error);
      await sessions.follow();
      return false;
    }
  }

  async function keepTrying(): Promise<void> {
    do await Bun.sleep(retryMs);
    while (!(await tryContact()));
  }

  function refusal(): Error | undefined {
    if (closed !== undefined) return new Error("Cannot use the storage: it is closed");
    return secrets === undefined ? new StorageUnavailable("unreachable") : undefined;
  }

  /** What the caller gets for an error, after what the storage does about it. */
  function failed(error: unknown, isWrite: boolean): unknown {
    const wanted = toStorageError(error, isWrite);
    // A session keeps the state of its beginning, and the address may lead to another server by now.
    if (isReadOnly(error)) sessions.renew();
    if (isRightMissing(error) || isTableMissing(error)) lacksRight(error);
    else if (wanted instanceof StorageUnavailable) {
      if (wanted.reason !== "busy") void sessions.follow();
      const isLost = wanted.reason === "interrupted" && isSessionLost(error);
      if (wanted.reason === "busy") observer?.lockWaited();
      else if (!isLost) notReached(error);
    }
    return wanted;
  }

  /** Makes what reports, once, how long the statement of these callers has waited for its session. */
  function waitObserver(queuedAt: readonly number[]): () => void {
    let hasWaited = observer === undefined;
    return () => {
      if (hasWaited) return;
      hasWaited = true;
      const now = performance.now();
      for (const at of queuedAt) observer?.waited((now - at) / 1000);
    };
  }

  async function read<Row>(statement: Statement<Row>): Promise<Row[]> {
    const refused = refusal();
    if (refused !== undefined) throw refused;
    const begunAt = performance.now();
    const onTurn = waitObserver([begunAt]);
    for (let tries = 1; ; tries += 1) {
      try {
        const rows = await sessions.run(statement, "unreachable", onTurn);
        reached();
        return rows;
      } catch (error) {
        const waitedMs = performance.now() - begunAt;
        if (isLockTimeout(error) && waitedMs < maxLockWaitMs) {
          // maxTries bounds conflicts. A wait for a lock is none: maxLockWaitMs bounds it.
          tries -= 1;
          continue;
        }
        const pauseMs = pauseMsBeforeRead(error, tries);
        if (pauseMs === undefined || waitedMs > maxRepeatMs) throw failed(error, false);
        await Bun.sleep(pauseMs);
      }
    }
  }

  async function write<Row>(
    statement: Statement<Row>,
    queuedAt?: readonly number[],
  ): Promise<Row[]> {
    const settled = queuedAt === undefined ? observer?.writeQueued?.("postgresql") : undefined;
    const writing = writeStatement(statement, queuedAt ?? [performance.now()]);
    if (settled === undefined) return writing;
    try {
      const rows = await writing;
      settled(1);
      return rows;
    } catch (error) {
      settled(0, error);
      throw error;
    }
  }

  async function writeStatement<Row>(
    statement: Statement<Row>,
    queuedAt: readonly number[],
  ): Promise<Row[]> {
    const refused = refusal();
    if (refused !== undefined) throw refused;
    const begunAt = performance.now();
    const onTurn = waitObserver(queuedAt);
    for (let tries = 1; ; tries += 1) {
      const startedAt = performance.now();
      try {
        const rows = await sessions.run(statement, "interrupted", onTurn);
        reached();
        observer?.committed((performance.now() - startedAt) / 1000, queuedAt.length);
        return rows;
      } catch (error) {
        const waitedMs = performance.now() - begunAt;
        if (isLockTimeout(error) && queuedAt.length === 1 && waitedMs < maxLockWaitMs) {
          // maxTries bounds conflicts. A wait for a lock is none: maxLockWaitMs bounds it.
          tries -= 1;
          continue;
        }
        const isLast = tries === maxTries || waitedMs > maxRepeatMs;
        if (isLast || !isSerializationFailure(error)) {
          const failure = commitFailure(error);
          if (failure !== undefined) observer?.commitFailed(failure);
          throw failed(error, true);
        }
      }
      await Bun.sleep(pauseMsAfterConflict(tries));
    }
  }

  async function ping(): Promise<void> {
    const refused = refusal();
    if (refused !== undefined) throw refused;
    try {
      const [state] = await sessions.runFirst(
        (sql) => sql<{ read_only: boolean }[]>`
          SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only`,
        maxPingMs,
      );
      if (state?.read_only) {
        sessions.renew();
        throw new StorageUnavailable("unreachable");
      }
      reached();
      if (!mayLackRights) return;
      const tables = await sessions.runFirst(tablesWithoutRights, maxPingMs);
      mayLackRights = tables.length > 0;
    } catch (error) {
      throw failed(error, false);
    }
    if (mayLackRights) throw new StorageUnavailable("unreachable");
  }

  async function close(discardsQueue: boolean): Promise<void> {
    stop.abort();
    await sessions.close(discardsQueue);
  }

  try {
    if (!(await tryContact())) keepTrying().catch(migrated.reject);
  } catch (error) {
    await sessions.close(true);
    throw error;
  }

  return {
    migrated: migrated.promise,
    read,
    write,
    watchQueue: (length) => observer?.watchQueue(length),
    writeQueued: observer?.writeQueued,
    ping: () => (pinging ??= ping().finally(() => (pinging = undefined))),
    secret(secretName: SecretName) {
      if (secrets === undefined) throw new StorageUnavailable("unreachable");
      const secret = secrets.get(secretName);
      if (secret !== undefined) return secret;
      throw new Error(`The database has no secret named "${secretName}"`);
    },
    close: (discardsQueue = false) => (closed ??= close(discardsQueue)),
  };
}
