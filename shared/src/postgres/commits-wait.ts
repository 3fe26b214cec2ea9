// Whether commits wait for a standby that is away. The server ends no such wait, not even for
// `statement_timeout`, and a session waits on there after its client has gone.
import { SQL } from "bun";
import { StorageUnavailable } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { isPermanent } from "./errors.ts";
import { poolOptions, poolUrl, type SessionTarget } from "./session-options.ts";

/** How long a look may take. */
const maxLookMs = 1500;

/**
 * Looks, on a session of its own, for a commit of this role that has waited for a standby for a second.
 *
 * @returns undefined if that cannot be found out now
 */
export async function commitsWait(target: SessionTarget): Promise<boolean | undefined> {
  const sql = new SQL(poolUrl(target), { ...poolOptions(target, 1), prepare: false });
  try {
    const looking = sql<{ is_waiting: boolean }[]>`
      SELECT EXISTS (
        SELECT
        FROM pg_stat_activity
        WHERE usename = session_user AND datname = current_database() AND wait_event = 'SyncRep'
          AND query_start < clock_timestamp() - interval '1 s'
      ) AS is_waiting`;
    const [found] = await withTimeout(looking, maxLookMs, () => new StorageUnavailable("busy"));
    return found?.is_waiting;
  } catch (error) {
    // A server that refuses new sessions for good may go on with those that it has.
    return isPermanent(error) ? false : undefined;
  } finally {
    // Not waited for: writes wait for what was found.
    void sql.close({ timeout: 0 }).catch(() => undefined);
  }
}
