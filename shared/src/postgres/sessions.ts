// The sessions with a server: Bun.SQL's pool, behind a gate and with a deadline for each statement.
import { SQL } from "bun";
import { StorageUnavailable, type SessionCounts, type StorageObserver } from "../core/storage.ts";
import { CommitsWait } from "./errors.ts";
import { Gate } from "./gate.ts";
import type { PostgresAddress } from "./postgres-url.ts";
import { ServerAddress } from "./server-address.ts";
import { poolOptions, poolUrl, sessionSettings, type SessionTarget } from "./session-options.ts";
import { findCommitsWait } from "./commits-wait.ts";
import { withTimeout } from "../core/with-timeout.ts";

/**
 * A statement of a store, written with the tag that it is given, which sends values as parameters:
 * ``(sql) => sql<Row[]>`SELECT … WHERE id = ${id}` ``. It may run more than once.
 */
export type Statement<Row> = (sql: SQL) => PromiseLike<Row[]>;

/** How long a statement waits for a session before it is `busy`. */
const maxGateWaitMs = 750;

/**
 * The server ends a statement after this time. Together with
 * {@link silenceMs} and the waits for a batch and for a session, a caller waits 5 s.
 */
export const defaultStatementTimeoutMs = 3250;

/**
 * The server ends a statement that has waited so long for a lock. It may be tried again: a statement for
 * many callers must not make all of them wait for the lock that one of them needs.
 */
const lockTimeoutMs = 400;

/**
 * The client waits this much longer than the server's own time-out before it counts the server, or the
 * network, as silent. A ping that got less time than this for its statement is `busy` instead.
 */
const silenceMs = 250;

/** How long the statements of a pool that was replaced may go on, in seconds. */
const replacedPoolSeconds = 4;

/** Interval of the checks whether commits still wait, in ms. */
const checkIntervalMs = 500;

/** Sessions that are younger than this are not renewed, so that reconnecting has an end. */
const minAgeMs = 1000;

/**
 * A younger pool may still be opening its sessions, for up to `connectionTimeout`. A ping, which waits a
 * second at most, does not replace it: the sessions of the next pool would take as long again.
 */
const maxOpeningMs = 3250;

/** The sessions of one storage. */
export class Sessions {
  readonly #address: PostgresAddress;
  readonly #server: ServerAddress;
  readonly #max: number;
  readonly #statementTimeoutMs: number;
  readonly #gate: Gate;
  readonly #now: () => number;
  #isPooled = false;
  #isClosed = false;
  #sql: SQL;
  #madeAt = -Infinity;
  #poolHost = "";
  #open = 0;
  /** Why writes are refused, or undefined if they are not, as soon as that is known. */
  #writeBlock: Promise<StorageUnavailable | undefined> | undefined;

  /**
   * @param options `observer`: of the sessions, and of the statements that wait for one; `now`: monotonic
   * ms, default: `performance.now`
   */
  constructor(
    address: PostgresAddress,
    options: {
      readonly max: number;
      readonly statementTimeoutMs: number;
      readonly observer: Pick<StorageObserver, "watchSessions" | "watchQueue"> | undefined;
      readonly now?: () => number;
    },
  ) {
    const { observer, now = () => performance.now() } = options;
    this.#now = now;
    this.#address = address;
    this.#server = new ServerAddress(address.host);
    this.#max = options.max;
    this.#statementTimeoutMs = options.statementTimeoutMs;
    const onGateTimeout = observer?.watchSessions(() => this.counts) ?? (() => undefined);
    observer?.watchQueue(() => this.#gate.waiting);
    this.#gate = new Gate(options.max, maxGateWaitMs, onGateTimeout);
    this.#sql = this.#makePool();
  }

  /** Makes the sessions fit what `openSession()` found, before the first statement. */
  usePooler(isPooled: boolean): void {
    if (isPooled === this.#isPooled) return;
    this.#isPooled = isPooled;
    this.#replace();
  }

  /** Where new sessions go to. */
  get target(): SessionTarget {
    const { host } = this.#server;
    return { ...this.#address, host, serverName: this.#address.host };
  }

  /** Looks for the server anew: it may have got another address. */
  async follow(): Promise<void> {
    await this.#server.doubt();
    // Of the statements that have failed at the same time, the first replaces the pool.
    if (this.#server.host !== this.#poolHost && !this.#isClosed) this.#replace();
  }

  /**
   * Whether writes are refused, or wait for that to be known: one had no response in time, so commits may
   * wait for a standby or for the disk. Each further write would take a session that the server cannot end.
   */
  get refusesWrites(): boolean {
    return this.#writeBlock !== undefined;
  }

  get counts(): SessionCounts {
    const { inside: used, waiting } = this.#gate;
    return { max: this.#max, open: Math.max(this.#open, used), used, waiting };
  }

  /**
   * Runs one statement on a session that no other statement uses.
   *
   * @param isWrite whether the server may have stored something although it stays silent
   * @param onTurn called when the statement has a session, or has waited for one in vain
   * @throws {StorageUnavailable} `busy` if no session is free in time, `unreachable` while writes are
   * refused and this is one, and if the server stays silent: a write is then `interrupted`
   * @throws whatever Bun.SQL does
   */
  async run<Row>(statement: Statement<Row>, isWrite: boolean, onTurn: () => void): Promise<Row[]> {
    if (this.#gate.tryEnter(isWrite)) onTurn();
    else await this.#gate.enter(isWrite).finally(onTurn);
    try {
      const blocked = isWrite ? this.#writeBlock && (await this.#writeBlock) : undefined;
      if (blocked !== undefined) throw blocked;
      const sql = this.#sql;
      const maxMs = this.#statementTimeoutMs + silenceMs;
      return await withTimeout(statement(sql), maxMs, () => this.#handleSilence(sql, isWrite));
    } finally {
      this.#gate.leave(isWrite);
    }
  }

  /**
   * As {@link run}, before all statements that wait, and within `maxMs` as a whole. It is also `busy` if the
   * wait for a session has left the statement less than 250 ms, and that was not enough.
   */
  async runFirst<Row>(statement: Statement<Row>, maxMs: number): Promise<Row[]> {
    const endsAt = this.#now() + maxMs;
    await this.#gate.enterFirst(AbortSignal.timeout(maxMs));
    try {
      const sql = this.#sql;
      const leftMs = endsAt - this.#now();
      return await withTimeout(statement(sql), leftMs, () => {
        // The wait for a session is no silence of the server's.
        if (leftMs < silenceMs) return new StorageUnavailable("busy");
        return this.#handleSilence(sql, false, maxOpeningMs);
      });
    } finally {
      this.#gate.leave(false);
    }
  }

  /** Makes new sessions, which see what the server's settings, or its address, are now. */
  renew(): void {
    if (this.#now() - this.#madeAt >= minAgeMs) this.#replace();
  }

  /** Makes new sessions for all further statements. Those under way may end on the old ones. */
  #replace(): void {
    const old = this.#sql;
    this.#sql = this.#makePool();
    void old.close({ timeout: replacedPoolSeconds }).catch(() => undefined);
  }

  /** Ends all sessions, after the statements that run or wait unless `isNow`. */
  async close(isNow: boolean): Promise<void> {
    this.#isClosed = true;
    if (isNow) this.#gate.rejectAll(new StorageUnavailable("busy"));
    else await this.#gate.idle();
    await this.#sql.close({ timeout: 0 });
  }

  /**
   * Replaces a pool on which a statement had no response in time, unless it is younger than `minPoolAgeMs`;
   * after a write, it also refuses writes until it is known that commits do not wait.
   *
   * @returns what the statement rejects with
   */
  #handleSilence(sql: SQL, isWrite: boolean, minPoolAgeMs = 0): StorageUnavailable {
    // Its session is lost until the peer speaks, and no call of Bun's says which session it is.
    const ageMs = this.#now() - this.#madeAt;
    if (sql === this.#sql && ageMs >= minPoolAgeMs) this.#replace();
    if (isWrite && !this.refusesWrites) void this.#refuseWrites();
    return new StorageUnavailable(isWrite ? "interrupted" : "unreachable");
  }

  /** Finds out whether commits wait. @returns why writes are refused */
  async #checkCommits(): Promise<StorageUnavailable | undefined> {
    const what = await findCommitsWait(this.target);
    if (what === "nothing") return undefined;
    return new StorageUnavailable("unreachable", what && { cause: new CommitsWait(what) });
  }

  /** Refuses writes until it is known that no commit waits. */
  async #refuseWrites(): Promise<void> {
    let check = this.#checkCommits();
    this.#writeBlock = check;
    while ((await check) !== undefined && !this.#isClosed) {
      this.#writeBlock = check;
      await this.follow();
      await Bun.sleep(checkIntervalMs);
      check = this.#checkCommits();
    }
    this.#writeBlock = undefined;
    // Where there was a failover, the address leads to another server than the one that they are with.
    if (!this.#isClosed) this.renew();
  }

  #makePool(): SQL {
    this.#madeAt = this.#now();
    const { target } = this;
    this.#poolHost = target.host;
    return new SQL(poolUrl(target), {
      ...poolOptions(target, this.#max),
      // A pooler hands prepared statements to other sessions, where a name means another statement.
      ...(this.#isPooled
        ? { prepare: false }
        : { connection: sessionSettings(target, this.#statementTimeoutMs, lockTimeoutMs) }),
      onconnect: (error) => void (this.#open += error ? 0 : 1),
      onclose: () => void (this.#open = Math.max(0, this.#open - 1)),
    });
  }
}
