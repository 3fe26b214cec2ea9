// One session with a server, in one transaction, for a copy.
import { SQL, type ReservedSQL } from "bun";
import { StorageUnavailable } from "../core/storage.ts";
import { isLockTimeout } from "../postgres/errors.ts";
import type { PostgresAddress } from "../postgres/postgres-url.ts";
import { poolOptions, poolUrl } from "../postgres/session-options.ts";
import { withTimeout } from "../core/with-timeout.ts";
import type { CopiedTable } from "./table.ts";

/** A server that does not respond for this long counts as away. A batch takes some 0.1 s. */
const maxStatementMs = 120_000;

/** A server that does not respond to {@link CopySession.requireAlive} for this long counts as away. */
const maxCheckMs = 5000;

/** Ends what the server, or its role's settings, would do to a transaction that takes minutes. */
const withoutTimeouts = [
  // Not `set_config()`: a query would take the transaction's snapshot before the locks.
  "SET LOCAL statement_timeout = 0",
  "SET LOCAL idle_in_transaction_session_timeout = 0",
  "SET LOCAL lock_timeout = '3s'",
];

/** A session that is made when it is first used, and never again: a lost transaction stays lost. */
export class CopySession {
  readonly #sql: SQL;
  readonly #signal: AbortSignal;
  #reserved: Promise<ReservedSQL> | undefined;
  #closed: Promise<void> | undefined;

  /** @param signal ends the session, whatever it does */
  constructor(address: PostgresAddress, signal: AbortSignal) {
    this.#signal = signal;
    const target = { ...address, serverName: address.host };
    this.#sql = new SQL(poolUrl(target), {
      ...poolOptions(target, 1),
      // The session has to last as long as the transaction.
      idleTimeout: 0,
      maxLifetime: 0,
      // A pooler would mix up names of statements.
      prepare: false,
    });
    signal.addEventListener("abort", () => void this.close(), { once: true });
  }

  /** The session itself. @throws what Bun.SQL does */
  reserved(): Promise<ReservedSQL> {
    this.#signal.throwIfAborted();
    return (this.#reserved ??= this.#sql.reserve());
  }

  /**
   * Runs one statement.
   *
   * @throws what Bun.SQL does; {@link StorageUnavailable} if the server is silent
   */
  run<R = unknown>(text: string, ...values: string[]): Promise<R[]> {
    return this.#runWithin<R>(maxStatementMs, text, values);
  }

  /**
   * Checks that the session, and so its transaction with its locks, has not ended. A session that is asked
   * now and then is also not ended by a firewall for its silence.
   *
   * @throws as {@link run} does, after 5 s of silence
   */
  async requireAlive(): Promise<void> {
    await this.#runWithin(maxCheckMs, "SELECT 1", []);
  }

  async #runWithin<R>(maxMs: number, text: string, values: string[]): Promise<R[]> {
    const session = await this.reserved();
    this.#signal.throwIfAborted();
    const statement = session.unsafe<R[]>(text, values);
    return withTimeout(statement, maxMs, () => new StorageUnavailable("unreachable"));
  }

  /** Begins the transaction. @param mode such as `READ ONLY` */
  async begin(mode = ""): Promise<void> {
    await this.run(`BEGIN ${mode}`);
    for (const statement of withoutTimeouts) await this.run(statement);
  }

  /**
   * Locks tables until the transaction ends.
   *
   * @param mode `EXCLUSIVE` lets other sessions read, `ACCESS EXCLUSIVE` does not
   * @returns whether no other session was in the way
   */
  async lock(
    tables: readonly CopiedTable[],
    mode: "EXCLUSIVE" | "ACCESS EXCLUSIVE",
  ): Promise<boolean> {
    try {
      await this.run(`LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN ${mode} MODE`);
      return true;
    } catch (error) {
      if (isLockTimeout(error)) return false;
      throw error;
    }
  }

  /** Ends the session now, whatever it does. */
  close(): Promise<void> {
    return (this.#closed ??= this.#sql.close({ timeout: 0 }).catch(() => undefined));
  }
}
