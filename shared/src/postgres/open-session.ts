// One session, which finds out whether it is one with the server.
import { SQL } from "bun";
import { StorageUnavailable } from "../core/storage.ts";
import { isRefusedSetting } from "./error-codes.ts";
import { poolOptions, poolUrl, sessionSettings, type SessionTarget } from "./session-options.ts";
import { withTimeout } from "../core/with-timeout.ts";

/** A setting of the service's own, by which it recognizes its session. */
const mark = "platform.session";

/** One session without a deadline, for migrations. */
interface SingleSession {
  /** Close it with `timeout: 0`. */
  readonly sql: SQL;
  /** Whether a pooler such as PgBouncer may give each transaction another session of the server. */
  readonly isPooled: boolean;
  /** The server's process of the session; undefined behind a pooler, where it may change. */
  readonly pid: number | undefined;
}

/**
 * Opens one session, and finds out whether it is one with the server. A pooler refuses the settings that
 * a session begins with, or keeps them to itself.
 *
 * @param signal ends the session, and the attempt to make it
 * @throws whatever Bun.SQL does, or the reason of a signal that was aborted before
 */
export async function openSession(
  address: SessionTarget,
  maxMs: number,
  signal: AbortSignal,
): Promise<SingleSession> {
  const value = crypto.randomUUID();
  const open = (connection: Record<string, string>) => {
    // A listener hears nothing of what was before it.
    signal.throwIfAborted();
    // Without names for statements, which a pooler would mix up.
    const options = { ...poolOptions(address, 1), prepare: false, connection };
    const sql = new SQL(poolUrl(address), options);
    signal.addEventListener("abort", () => void sql.close({ timeout: 0 }).catch(() => undefined));
    return sql;
  };
  const readMark = (sql: SQL) =>
    withTimeout(
      sql<{ value: string | null; pid: number }[]>`
        SELECT current_setting(${mark}, true) AS value, pg_backend_pid() AS pid`,
      maxMs,
      () => new StorageUnavailable("unreachable"),
    );

  const sql = open({ ...sessionSettings(address, 0, 0), [mark]: value });
  try {
    const [found] = await readMark(sql);
    const isPooled = found?.value !== value;
    return { sql, isPooled, pid: isPooled ? undefined : found?.pid };
  } catch (error) {
    await sql.close({ timeout: 0 });
    if (!isRefusedSetting(error)) throw error;
    const plain = open({});
    await readMark(plain);
    return { sql: plain, isPooled: true, pid: undefined };
  }
}
