// Whether commits wait for what does not come: a standby that is away, or a disk that stalls. The server
// ends no such wait, not even for `statement_timeout`, and a session waits on there after its client has
// gone.
import { SQL } from "bun";
import { StorageUnavailable } from "../core/storage.ts";
import { withTimeout } from "../core/with-timeout.ts";
import { isPermanent, type CommitsWait } from "./errors.ts";
import { poolOptions, poolUrl, type SessionTarget } from "./session-options.ts";

/** How long a check may take, in ms. */
const maxCheckMs = 1500;

/**
 * Looks, on a session of its own, for a commit of this role that has waited for a second. The one that waits
 * for the disk holds up the others, which wait for the lock that it has.
 *
 * @returns what commits wait for; undefined if that cannot be found out now
 */
export async function findCommitsWait(
  target: SessionTarget,
): Promise<CommitsWait["what"] | "nothing" | undefined> {
  const sql = new SQL(poolUrl(target), { ...poolOptions(target, 1), prepare: false });
  try {
    // Before version 17, the names of waits for the disk are WALSync and WALWrite.
    const looking = sql<{ what: CommitsWait["what"] }[]>`
      SELECT CASE wait_event WHEN 'SyncRep' THEN 'standby' ELSE 'disk' END AS what
      FROM pg_stat_activity
      WHERE usename = session_user AND datname = current_database()
        AND lower(wait_event) IN ('syncrep', 'walsync', 'walwrite')
        AND query_start < clock_timestamp() - interval '1 s'
      LIMIT 1`;
    const [found] = await withTimeout(looking, maxCheckMs, () => new StorageUnavailable("busy"));
    return found?.what ?? "nothing";
  } catch (error) {
    // A server that refuses new sessions for good may go on with those that it has.
    return isPermanent(error) ? "nothing" : undefined;
  } finally {
    // Not waited for: writes wait for what was found.
    void sql.close({ timeout: 0 }).catch(() => undefined);
  }
}
