// The storage engines of a service. `DATABASE_URL` chooses one by its scheme, here and nowhere else.
import { resolve } from "node:path";
import type { CopiedTable } from "../copy/table.ts";
import type { Migrated } from "../core/migration.ts";
import type { Storage, StorageObserver } from "../core/storage.ts";
import type { PostgresStorage } from "../postgres/postgres-storage.ts";
import { parsePostgresUrl } from "../postgres/postgres-url.ts";
import { openSqlite, type SqliteStorage } from "../sqlite/sqlite-storage.ts";
import { parseSqliteUrl } from "../sqlite/sqlite-url.ts";

/** What a service is made of on one storage engine. */
export interface Engine<EngineStorage extends Storage, Stores> {
  /**
   * The SQL that brings the database from each version to the next: `migrations[0]` makes version 1
   * of an empty database. Every start runs those that are missing, all in one transaction. Append,
   * and never edit one that has been released: its checksum is in the databases that ran it. During
   * a rollout the previous version of the service runs on the new schema, and has to work with it.
   */
  readonly migrations: readonly string[];

  /** Makes the service's stores. They must not read or write yet: a server may still be away. */
  readonly stores: (storage: EngineStorage) => Stores;
}

/** What a service is made of on PostgreSQL, and what the command `copy-to` has to know beside it. */
export interface PostgresEngine<Stores> extends Engine<PostgresStorage, Stores> {
  /**
   * All tables that both engines have but `schema_migrations`, in an order in which every row can be
   * stored.
   */
  readonly tables: readonly CopiedTable[];
}

/** The storage engines of a service; `Stores` is the same on each. */
export interface Engines<Stores> {
  readonly sqlite: Engine<SqliteStorage, Stores>;
  /**
   * Imports the module of the engine where `DATABASE_URL` names a server. Left out: the service runs
   * on SQLite alone.
   */
  readonly postgres?: () => Promise<PostgresEngine<Stores>>;
}

/** A service's storage that is open, or that opens itself as soon as its server is there. */
interface OpenStorage<Stores> {
  readonly storage: Storage;
  readonly stores: Stores;
  /** Resolves once the schema is up to date. @throws {StorageOpenError} if that cannot be, or not in time */
  readonly migrated: Promise<Migrated>;
}

interface OpenOptions {
  /** How long to try to reach a server that is away, in ms. Default: no limit. */
  readonly maxWaitMs?: number;
  readonly observer?: StorageObserver;
  /** A server was lost, refuses this service, or came back. @param reason why it cannot be reached */
  readonly reachabilityChanged?: (isReachable: boolean, reason: string) => void;
  /** A server's role lacks a right that it had. @param reason what it lacks, and the remedy */
  readonly rightMissed?: (reason: string) => void;
}

/** The database that `DATABASE_URL` names. */
export interface Database<Stores> {
  /** For logs and commands: the absolute path of a file, or a server's address without credentials. */
  readonly name: string;
  /** The path of the file as the operator wrote it; undefined for a server. */
  readonly path: string | undefined;
  /**
   * Opens the database and brings its schema up to date. A server that is away is waited for once
   * this has resolved.
   *
   * @throws {StorageOpenError} if that cannot be, whatever is waited for
   */
  open(options?: OpenOptions): Promise<OpenStorage<Stores>>;
}

/**
 * Chooses the engine.
 *
 * @param url a value that the setting `DATABASE_URL` allows
 * @param poolSize how many sessions a server is asked for
 */
export function findDatabase<Stores>(
  engines: Engines<Stores>,
  { url, poolSize }: { readonly url: string; readonly poolSize: number },
): Database<Stores> {
  const { sqlite, postgres } = engines;
  const path = parseSqliteUrl(url);
  if (path !== undefined) {
    const { migrations, stores } = sqlite;
    return {
      name: resolve(path),
      path,
      async open({ observer } = {}) {
        const storage = await openSqlite({ path, migrations, ...(observer && { observer }) });
        const migrated = Promise.resolve(storage.migrated);
        return { storage, stores: stores(storage), migrated };
      },
    };
  }
  const address = parsePostgresUrl(url);
  if (address === undefined || postgres === undefined) throw new Error("No engine has this URL");
  return {
    name: address.name,
    path: undefined,
    async open(options = {}) {
      // Not imported at the top: a service on SQLite starts without this code.
      const [{ openPostgres }, { migrations, stores }] = await Promise.all([
        import("../postgres/postgres-storage.ts"),
        postgres(),
      ]);
      const storage = await openPostgres({ ...options, address, migrations, poolSize });
      return { storage, stores: stores(storage), migrated: storage.migrated };
    },
  };
}
