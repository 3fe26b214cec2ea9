// Which statements PostgreSQL plans anew each time.
import type { SQL } from "bun";

/**
 * A condition that is always true. A statement with it is planned for its values each time it runs. A
 * statement without it is planned once for all values, on each session: that saves half of the server's
 * time for a row by its id, but such a plan would stay when a table has grown, and knows no limit.
 *
 * PostgreSQL keeps a plan unless it expects to save more by planning anew. Without the value, the
 * condition seems to count a billion numbers; with the value, nothing of it is left.
 */
export const plannedAnew = (sql: SQL) => sql`
  (${true}::bool OR (SELECT count(*) FROM generate_series(1, 1000000000)) > 0)`;
