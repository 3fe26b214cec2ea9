// The first contact with a server: it brings the schema up to date, and reads what the service needs.
import type { Migrated } from "../core/migration.ts";
import { StorageOpenError, StorageUnavailable, type SecretName } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { isPermanent } from "./errors.ts";
import { operatorReason } from "./operator-reason.ts";
import { migrate } from "./migrations.ts";
import { openSession } from "./open-session.ts";
import type { Reachability } from "./reachability.ts";
import { requireRowRights } from "./row-rights.ts";
import { readSecrets } from "./secrets.ts";
import { watchSession } from "./session-watch.ts";
import type { Sessions } from "./sessions.ts";

/** With which server, for which database. */
interface FirstContactOptions {
  readonly sessions: Pick<Sessions, "target" | "follow" | "usePooler">;
  readonly reachability: Reachability;
  /** The database's name, for error texts. */
  readonly name: string;
  readonly migrations: readonly string[];
  /**
   * How long to go on with attempts, in ms. One that is under way then is not ended: its migration takes as
   * long as it takes. Default: no limit.
   */
  readonly maxWaitMs?: number | undefined;
  /** Resolves after this many milliseconds. Default: `Bun.sleep`. */
  pause?(ms: number): Promise<void>;
}

/** Between two attempts to reach a server that is away, in ms. */
const retryMs = 500;

/** How long an attempt may take to open its session, and to read behind the migrations, in ms. */
const maxContactMs = 3500;

/** Prepares a database for its service, as soon as the server is there. */
export class FirstContact {
  readonly #options: FirstContactOptions;
  readonly #stop = new AbortController();
  readonly #migrated = Promise.withResolvers<Migrated>();
  #secrets: ReadonlyMap<string, Uint8Array> | undefined;

  constructor(options: FirstContactOptions) {
    this.#options = options;
  }

  /** Whether the database is ready for statements. */
  get isMade(): boolean {
    return this.#secrets !== undefined;
  }

  /** Resolves once the schema is up to date. @throws {StorageOpenError} if that cannot be */
  get migrated(): Promise<Migrated> {
    return this.#migrated.promise;
  }

  /** A secret of the database. @throws {StorageUnavailable} before the contact is made */
  secret(name: SecretName): Uint8Array {
    if (this.#secrets === undefined) throw new StorageUnavailable("unreachable");
    const secret = this.#secrets.get(name);
    if (secret !== undefined) return secret;
    throw new Error(`The database has no secret named "${name}"`);
  }

  /**
   * Tries once. If the server is away, further attempts follow until one succeeds, until `maxWaitMs` are over,
   * or until {@link stop}.
   *
   * @throws {StorageOpenError} if the server refuses, or the schema is another one
   */
  async begin(): Promise<void> {
    const endsAt = performance.now() + (this.#options.maxWaitMs ?? Infinity);
    if (!(await this.#tryOnce())) this.#keepTrying(endsAt).catch(this.#migrated.reject);
  }

  /** Ends the attempt that is under way, and makes no other one. */
  stop(): void {
    this.#stop.abort();
  }

  async #keepTrying(endsAt: number): Promise<void> {
    const { name, pause = Bun.sleep } = this.#options;
    do {
      await pause(retryMs);
      if (performance.now() >= endsAt) {
        throw new StorageOpenError(`Cannot reach the database ${name}; start its server`);
      }
    } while (!this.#stop.signal.aborted && !(await this.#tryOnce()));
  }

  /** Tries once. @returns whether no attempt is to follow @throws {StorageOpenError} as {@link begin} */
  async #tryOnce(): Promise<boolean> {
    const { sessions, reachability, name } = this.#options;
    try {
      const result = await this.#prepare();
      reachability.reached(result.to > result.from ? "write" : "read");
      this.#migrated.resolve(result);
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return true;
      if (error instanceof StorageOpenError) throw error;
      if (isPermanent(error)) {
        const why = operatorReason(error);
        throw new StorageOpenError(`Cannot use the database ${name}: ${why}`, { cause: error });
      }
      reachability.lost(error);
      await sessions.follow();
      return false;
    }
  }

  /** Prepares the database on a session of its own. @throws what Bun.SQL does, StorageOpenError */
  async #prepare(): Promise<Migrated> {
    const { sessions, name, migrations } = this.#options;
    const { target } = sessions;
    const end = new AbortController();
    try {
      const signal = AbortSignal.any([this.#stop.signal, end.signal]);
      const { sql, isPooled, pid } = await openSession(target, maxContactMs, signal);
      const migrating = migrate(sql, name, migrations);
      const result = await (pid === undefined ? migrating : watchSession(migrating, target, pid));
      const reading = readSecrets(sql).then(async (found) => {
        await requireRowRights(sql, name);
        return found;
      });
      const secrets = await withTimeout(
        reading,
        maxContactMs,
        () => new StorageUnavailable("unreachable"),
      );
      sessions.usePooler(isPooled);
      this.#secrets = secrets;
      return result;
    } finally {
      end.abort();
    }
  }
}
