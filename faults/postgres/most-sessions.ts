// The sessions that the services have on a server.
import type { SQL } from "bun";

/** How many sessions the service has that has the most, by the server's own count. */
export async function mostSessions(admin: SQL): Promise<number> {
  const [most] = await admin<{ count: number }[]>`
    SELECT count(*)::int AS count
    FROM pg_stat_activity
    WHERE usename IN ('user_service', 'order_service')
    GROUP BY usename
    ORDER BY count DESC
    LIMIT 1`;
  return most?.count ?? 0;
}
