// Notices that a session whose statements may take long, and so have no deadline, has gone silent: no
// response will arrive on it any more.
import { SQL } from "bun";
import { StorageUnavailable } from "../core/storage.ts";
import { sqlStateOf } from "./error-codes.ts";
import { poolOptions, poolUrl, type SessionTarget } from "./session-options.ts";
import { withTimeout } from "../core/with-timeout.ts";

/** Interval of the checks of the session, in ms. */
const intervalMs = 1000;

/** How long a check may take, in ms. */
const maxCheckMs = 3500;

/** Checks in a row that reach no server before the session is given up: a migration may keep it busy. */
const maxMissed = 3;

/**
 * Settles as `work` does, which waits for statements on one session. From another session it checks
 * whether the server works for that one.
 *
 * @param pid the server's process of the session
 * @throws {StorageUnavailable} `unreachable` if the server has had nothing to do for the session for two
 * seconds, or cannot be reached; its process is ended, so that it holds no lock any more
 */
export async function watchSession<T>(
  work: Promise<T>,
  target: SessionTarget,
  pid: number,
): Promise<T> {
  const silent = Promise.withResolvers<never>();
  let missed = 0;
  let isOver = false;
  // Not at once: most work is over before the first check.
  let timer = setTimeout(check, intervalMs);

  function check(): void {
    void isAtWork(target, pid).then((result) => {
      if (isOver) return;
      missed = result === undefined ? missed + 1 : 0;
      if (result === false || missed === maxMissed) {
        silent.reject(new StorageUnavailable("unreachable"));
      } else timer = setTimeout(check, intervalMs);
    });
  }
  try {
    return await Promise.race([work, silent.promise]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}

/** Whether the server works for a session, and else ends it; undefined if that is unknown. */
async function isAtWork(target: SessionTarget, pid: number): Promise<boolean | undefined> {
  const sql = new SQL(poolUrl(target), { ...poolOptions(target, 1), prepare: false });
  try {
    const found = sql<{ is_idle: boolean }[]>`
      SELECT state <> 'active' AND state_change < clock_timestamp() - interval '2 s' AS is_idle
      FROM pg_stat_activity
      WHERE pid = ${pid}::int`;
    const [session] = await withTimeout(found, maxCheckMs, () => new StorageUnavailable("busy"));
    if (session?.is_idle === false) return true;
    await withTimeout(sql`SELECT pg_terminate_backend(${pid}::int)`, maxCheckMs, () => undefined);
    return false;
  } catch (error) {
    // A server that has no session left, for example, may be at work for those that it has.
    return sqlStateOf(error) === undefined ? undefined : true;
  } finally {
    await sql.close({ timeout: 0 }).catch(() => undefined);
  }
}
