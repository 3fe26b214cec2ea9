// Which statements PostgreSQL runs with a custom plan.
import type { SQL } from "bun";

/**
 * A condition that is always true, and makes PostgreSQL use a custom plan: one for the values of each run.
 * A statement without it gets a generic plan, once for all values on each session: that saves half of the
 * server's time for a row by its id, but such a plan would stay when a table has grown, and knows no limit.
 *
 * PostgreSQL keeps a generic plan unless it expects custom plans to cost less. Without the value, in a
 * generic plan, the condition seems to count a billion numbers; with the value, nothing of it is left.
 */
export const customPlan = (sql: SQL) => sql`
  (${true}::bool OR (SELECT count(*) FROM generate_series(1, 1000000000)) > 0)`;
